"""Ten explorable explanations: each is a script that draws what the tested snippets compute.

A script's docstring says what to try and asks one question; Colab's form comments in it declare its controls (`_form`);
its pictures come from `browser.plot` and `browser.charts`. `_outputs` keeps what it shows at its default position, by
real torch, and `_pages` makes the block that pages include.
"""
