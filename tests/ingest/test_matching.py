"""Which concepts a text is about: names, names in another sense, and what is said without a name."""

import pytest

from ingest.matching import Matcher, prose_of, terms, weigh
from ingest.model import Concept, Source

# A field of its own, so that no page of the site decides: weaving. Every page speaks of cloth, and of its own matter.
MATTERS = {
    "Twill": ("斜纹", "每一行纬线向旁边移动一根经线，布面出现斜线", "diagonal lines, offset of each row"),
    "Satin": ("缎纹", "长长的浮线盖住布面，摸起来光滑", "long floats, smooth surface"),
    "HeLP": ("提花", "用穿孔的卡片控制每一根经线", "punched cards lift single warp threads"),
    "Shed": ("梭口", "把经线分成上下两层，让梭子穿过", "warp opening for the shuttle"),
    "PICK": ("投梭率", "每分钟投入的次数", "insertions a minute"),
    "Selvage": ("布边", "防止两侧散开的边", "edge that keeps cloth from fraying"),
}
FILLING = "这块布由经线和纬线织成，织机上的工序影响布面的质量。Cloth is woven of warp and weft on a loom."


def weaving(english=None):
    concepts, prose = [], {}
    for at, (name, (chinese, said, phrases)) in enumerate(MATTERS.items()):
        concepts.append(
            Concept(
                name.lower(), name, (name, chinese), "织", "", "", False, f"docs/topics/{at}.md",
                phrases=(said, *phrases.split(", ")),
            )
        )  # fmt: skip
        prose[name.lower()] = f"{FILLING}{said}。{phrases}"
    for at in range(20):  # the rest of the field
        name = f"weave{at}x"
        concepts.append(Concept(name, name, (name,), "织", "", "", False, f"docs/topics/{name}.md"))
        prose[name] = FILLING
    return Matcher(concepts, prose, english or {})


WEAVING = weaving()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("为什么布面上出现一条条斜线，每一行都移动一根", ("twill",)),
        ("Which loom has punched cards that lift single threads?", ("help",)),
        ("怎样让长长的浮线盖住布面，摸起来更光滑", ("satin",)),
        ("今天晚上吃什么", ()),
        ("这块布是用织机织成的", ()),  # what every page says tells nothing
        ("", ()),
    ],
)
def test_what_is_said_without_a_name_is_found_by_what_pages_say(text, names):
    assert WEAVING.find(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I keep my tools in the garden shed behind our kitchen", ()),
        ("The shed of a loom, opened by lifting warp threads", ("shed",)),
        ("shed", ("shed",)),  # nothing speaks against it
        ("Please help me to find my lost keys this evening", ()),
        ("HeLP in the kitchen of my grandmother's house", ("help",)),  # a spelling that only the concept has
    ],
)
def test_plain_word_is_a_name_only_in_the_company_of_the_field(text, names):
    assert WEAVING.find(text) == names


def test_named_concepts_come_first_and_close_ones_follow():
    assert WEAVING.find("HeLP：怎样让长长的浮线盖住布面，摸起来光滑") == ("help", "satin")


def test_name_in_passing_counts_in_a_title_and_not_deep_in_a_text():
    long = "长长的浮线盖住布面，摸起来光滑。" * 3 + "（与 HeLP 无关。）"
    assert WEAVING.find("浮线", long) == ("satin",)
    assert set(WEAVING.find(f"HeLP：{long}")) == {"help", "satin"}


def test_plain_word_beside_what_a_text_is_about_names_nothing():
    about = "怎样让长长的浮线盖住布面，摸起来光滑，布由经线和纬线织成，织机上的工序影响布面的质量"
    assert WEAVING.find(f"help：{about}") == ("satin",)
    assert WEAVING.find(f"HeLP：{about}") == ("help", "satin")
    assert WEAVING.find(f"pick：{about}") == ("satin",)
    assert WEAVING.find(f"PICK：{about}") == ("pick", "satin")  # in its capitals it is no plain word,
    assert WEAVING.find("PICK your lost keys in the kitchen of my grandmother's house") == ()  # but in other company


def test_words_of_the_english_page_count_as_much_as_its_translations():
    text = "what stops threads from unravelling sideways at the rim"
    assert WEAVING.find(text) == ()
    english = weaving({"selvage": "It stops threads from unravelling sideways: a rim. " * 9})
    assert english.find(text) == ("selvage",)


def test_text_is_judged_by_itself_alone():
    text = "为什么布面上出现一条条斜线，每一行都移动一根"
    before = WEAVING.find(text)
    WEAVING.find("缎纹的浮线")
    assert WEAVING.find(text) == before == weaving().find(text)


def test_few_concepts_do_not_judge_a_plain_word():
    few = Matcher([Concept("ray", "Ray", ("Ray",), "库", "", "", False, "docs/topics/ray.md")])
    assert few.find("Ray and Tom went home yesterday") == ("ray",)


def test_terms_are_stems_and_pairs_without_what_every_question_says():
    assert terms("Quantizing, quantized") == ["quantiz", "quantiz"]
    assert terms("怎么办？注意力") == ["注意", "意力"]
    assert terms("the policies of a few agents") == ["policy", "few", "agent"]


def test_prose_is_what_a_page_says_in_words():
    page = "---\ntitle: 甲\n---\n\n说 $x+y$ [名](https://a.b/c)\n\n```python\nimport torch\n```\n\n$$\nz\n$$\n尾"
    assert prose_of([Source("docs/topics/a.md", page)])["a"].split() == ["说", "[名", "尾"]


def test_phrase_that_is_another_concepts_name_tells_nothing_of_the_first():
    """It may have been written before the other had a page."""
    twill = Concept("twill", "Twill", ("Twill",), "织", "", "", False, "docs/topics/t.md", phrases=("布边",))
    selvage = Concept("selvage", "Selvage", ("Selvage", "布边"), "织", "", "", False, "docs/topics/s.md")
    assert weigh([twill, selvage])[0]["布边"].keys() == {"selvage"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The loom opens sheds by lifting warp threads", ("shed",)),
        ("The loom opens shedsx by lifting warp threads", ()),
        ("Two twills of warp and weft", ("twill",)),
    ],
)
def test_name_of_more_than_one_is_the_name(text, names):
    assert WEAVING.find(text) == names


def test_british_spelling_is_the_same_word():
    assert terms("tokenisers of realised normalisations") == terms("tokenizers of realized normalizations")
    assert terms("This is his list") == terms("list")
    page = Concept("tok", "Tokenizer", ("tokenizer",), "织", "", "", False, "docs/topics/tok.md")
    assert Matcher([page]).find("Which tokeniser?") == ("tok",)


def test_who_is_surer_reads_acronyms_in_capitals_and_common_names_beside_the_matter_only_where_they_are_often():
    about = "The PICK of a loom: insertions a minute of weft."
    assert WEAVING.found("Looms", about, surer=1.0)[0] == ("pick",)
    assert WEAVING.found("Looms", about.lower(), surer=1.0)[0] == ()
    assert WEAVING.found("Looms", about.lower())[0] == ("pick",)
    common = Concept("cards", "Cards", ("punched cards",), "织", "", "", False, "docs/topics/cards.md")
    matcher = Matcher([common])
    assert matcher.found("Looms", "punched cards")[0] == ("cards",)
    assert matcher.found("Looms", aside="punched cards")[0] == ()
    assert matcher.found("Looms", aside="punched cards, punched cards, punched cards")[0] == ("cards",)


def test_what_is_as_likely_as_another_takes_more_of_who_is_surer():
    text = "为什么布面上出现一条条斜线，每一行都移动一根"
    best, rival, *_ = sorted(WEAVING._scores(dict.fromkeys(terms(text))).values(), reverse=True)
    assert 0 < rival < best
    assert WEAVING.found(text, surer=0.01)[1] == WEAVING.found(text)[1] == ("twill",)
    assert WEAVING.found(text, surer=best * best / rival)[1] == ()
