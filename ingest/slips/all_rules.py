"""All rules about slips."""

from ingest.slips.notes_rules import NOTES
from ingest.slips.questions_rules import QUESTIONS
from ingest.slips.texts_rules import TEXTS

SLIPS = TEXTS | NOTES | QUESTIONS
