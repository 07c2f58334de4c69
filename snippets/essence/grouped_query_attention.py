"""H query heads share G heads of keys and values."""


def gqa(Q, K, V):
    H, G, D = len(Q), len(K), Q.shape[-1]
    K = K.repeat_interleave(H // G, dim=0)  # 第 h 个头用第 ⌊hG/H⌋ 份 ‖ head h takes copy ⌊hG/H⌋
    V = V.repeat_interleave(H // G, dim=0)
    return (Q @ K.transpose(-2, -1) / D**0.5).softmax(dim=-1) @ V


def from_mha(W, H, G):
    D = len(W) // H
    W = W.view(G, H // G, D, -1)  # 同组的头排在一起 ‖ heads of one group stand together
    return W.mean(dim=1).flatten(0, 1)  # 组内取平均 ‖ the mean of the group
