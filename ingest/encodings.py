"""What bytes look like to who knows the language they may be in."""


def looks_simplified(text: str) -> bool:
    """Whether what is not ASCII is mostly among GB 2312's 3,755 common characters and its punctuation."""
    foreign = [char for char in text if not char.isascii()]
    leads = [lead for char in foreign for lead in char.encode("gb2312", "ignore")[:1]]
    return sum(lead <= 0xA3 or 0xB0 <= lead <= 0xD7 for lead in leads) >= 0.9 * len(foreign)
