"""How the concepts' Chinese names are spelled in Latin letters: 位置编码 is `weizhibianma`, in short `wzbm`."""

from collections.abc import Iterable

from pypinyin import Style, lazy_pinyin

from publish.search import HAN


def spelled(names: Iterable[str]) -> list[str]:
    """Spellings of names that are Chinese alone, in full and in initials."""
    found: dict[str, None] = {}
    for name in names:
        if len(name) > 1 and all(_is_han(character) for character in name):
            found["".join(lazy_pinyin(name))] = None
            if len(name) > 2:
                found["".join(lazy_pinyin(name, style=Style.FIRST_LETTER))] = None
    return list(found)


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" and character not in HAN[:1]
