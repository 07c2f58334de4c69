"""Signs that fonts draw where others have letters: Symbol, Dingbats, and the most common of Wingdings."""

import re

SYMBOLS = dict(  # of Wingdings
    pair.split("=")
    for pair in (
        "F0FE=☑ F052=☑ F0A8=☐ F06F=☐ F0FD=☒ F051=☒ F0FC=✓ F050=✓ F0FB=✗ F0E0=→ F0E8=➔ F0B7=• F0A7=▪ F06C=● F06E=■"
    ).split()
)
GREEK = {  # of the font Symbol, from its encoding by Adobe
    f"{first + at:02X}": sign
    for first, signs in (
        (0x22, "∀#∃%&∍()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"),
        (0x61, "αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"),
        (0xA1, "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…"),
        (0xC0, "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈"),
        (0xE5, "∑"),
        (0xF1, "〉∫"),
    )
    for at, sign in enumerate(signs)
}


DINGBATS = {ord(code): sign for code, sign in zip("%*+Hlnstuw", "☎☛☞★●■▲▼◆◗", strict=True)}  # not in Unicode's order


def dingbat(code: int) -> str:
    """What ZapfDingbats draws for a character."""
    return DINGBATS.get(code, chr(0x26E0 + code) if 0x21 <= code <= 0x7E else chr(code))


def sign(code: int, font: str) -> str:
    """What a font draws for a character, which may stand in the private area; "" where that is not known."""
    low = f"{code & 0xFF:02X}"
    if not 0xF000 <= code <= 0xF0FF and not re.match("wingdings|symbol", font, re.IGNORECASE):
        return "" if 0xE000 <= code <= 0xF8FF else chr(code)
    if font.lower() == "symbol" and low in GREEK:
        return GREEK[low]
    return SYMBOLS.get(f"F0{low}", "" if code <= 0xFF or 0xE000 <= code <= 0xF8FF else chr(code))
