"""Sublayers F_t, each with a residual: the norm inside the branch, or on the sum."""


def pre_norm(x, F, norms):
    for F_t, norm in zip(F, norms, strict=True):
        x = x + F_t(norm(x))  # x 一路直通 ‖ x itself passes untouched
    return x  # 最后一块之后还要归一一次 ‖ behind the last block one more norm is due


def post_norm(x, F, norms):
    for F_t, norm in zip(F, norms, strict=True):
        x = norm(x + F_t(x))  # 直通的 x 也被归一 ‖ what passes is normalised too
    return x
