r"""`pack` 只是首尾相接：后面的样本看得到前面的，位置编号一直数下去，每条的第一个 token 由上一条来预测。
改对三处：位置编号在每条样本开头归零；注意力掩码块对角加因果；每条第一个 token 的标签是 -100。

`pack` puts samples end to end: later ones see earlier ones, positions run on, and each first token is predicted
by the sample before. Mend three things: positions begin anew in each sample; the mask is causal within a sample
and closed between samples; the label of each first token is -100.
"""

# --8<-- [start:task]
import torch


def pack(samples):  # list of (l,) -> tokens (T,), positions (T,), mask (T, T) bool, labels (T,)
    tokens = torch.cat(samples)
    T = len(tokens)
    positions = torch.arange(T)
    mask = torch.ones(T, T, dtype=torch.bool).tril()
    return tokens, positions, mask, tokens.clone()


tokens, positions, mask, labels = pack([torch.tensor([5, 6, 7]), torch.tensor([8, 9])])
print(positions.tolist(), labels.tolist())
print(mask.int())
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def pack(samples):  # list of (l,) -> tokens (T,), positions (T,), mask (T, T) bool, labels (T,)
    tokens = torch.cat(samples)
    T = len(tokens)
    positions = torch.cat([torch.arange(len(sample)) for sample in samples])
    which = torch.cat([torch.full((len(sample),), at) for at, sample in enumerate(samples)])
    mask = (which[:, None] == which) & torch.ones(T, T, dtype=torch.bool).tril()
    return tokens, positions, mask, tokens.masked_fill(positions == 0, -100)


tokens, positions, mask, labels = pack([torch.tensor([5, 6, 7]), torch.tensor([8, 9])])
print(positions.tolist(), labels.tolist())
print(mask.int())
# --8<-- [end:answer]


# --8<-- [start:check]
for lengths in ([3, 2], [1, 1, 4], [5], [2, 6, 3, 1]):
    samples = [torch.arange(10 * at, 10 * at + length) for at, length in enumerate(lengths)]
    kept = [sample.clone() for sample in samples]
    tokens, positions, mask, labels = pack(samples)
    assert torch.equal(tokens, torch.cat(kept)), (
        "token 应当是各条样本首尾相接 ‖ the tokens should be those of all samples, one after another"
    )
    places = [(at, place) for at, length in enumerate(lengths) for place in range(length)]
    assert mask.shape == (len(places), len(places)), (
        f"掩码应当是 (T, T)，现在是 {tuple(mask.shape)} ‖ the mask should be (T, T), got {tuple(mask.shape)}"
    )
    assert positions.tolist() == [place for _, place in places], (
        f"长度 {lengths}：位置编号应当在每条开头归零 ‖ lengths {lengths}: positions should start at 0 in each sample"
    )
    for t, (sample, place) in enumerate(places):
        want = -100 if place == 0 else tokens[t].item()
        assert labels[t].item() == want, (
            f"长度 {lengths}：位置 {t} 的标签应当是 {want}，现在是 {labels[t].item()} ‖ "
            f"lengths {lengths}: the label at {t} should be {want}, got {labels[t].item()}"
        )
        for u, (other, _) in enumerate(places):
            allowed, got = sample == other and u <= t, bool(mask[t, u])
            assert not got or sample == other, (
                f"长度 {lengths}：位置 {t} 看到了另一条样本的位置 {u} ‖ "
                f"lengths {lengths}: position {t} sees position {u} of another sample"
            )
            assert got == allowed, (
                f"长度 {lengths}：位置 {t} 对位置 {u} 应当是 {allowed}，现在是 {got} ‖ "
                f"lengths {lengths}: position {t} to position {u} should be {allowed}, got {got}"
            )
# --8<-- [end:check]
