"""nn.Transformer's parts with a positional encoding and masks."""
import math

import torch
from torch import Tensor, nn
from torch.nn import TransformerEncoder, TransformerEncoderLayer


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 100):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[: x.size(0)])


def generate_square_subsequent_mask(sz):
    mask = (torch.triu(torch.ones(sz, sz)) == 1).transpose(0, 1)
    return mask.float().masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, float(0.0))


torch.manual_seed(0)
d = 16
embed, pos = nn.Embedding(20, d), PositionalEncoding(d)
encoder = TransformerEncoder(TransformerEncoderLayer(d, 2, 32, 0.1), 2)
decoder = nn.Linear(d, 20)
src = torch.randint(20, (7, 3))
parameters = [p for m in (embed, encoder, decoder) for p in m.parameters()]
optimizer = torch.optim.SGD(parameters, lr=0.5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.95)
for epoch in range(3):
    out = decoder(encoder(pos(embed(src) * math.sqrt(d)), generate_square_subsequent_mask(7)))
    loss = nn.functional.cross_entropy(out.view(-1, 20), src.roll(-1, 0).reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 0.5)
    optimizer.step()
    scheduler.step()
    print(f"| epoch {epoch} | lr {scheduler.get_last_lr()[0]:02.2f} | loss {loss.item():5.2f} | ppl {math.exp(loss.item()):8.2f}")
attention = nn.MultiheadAttention(d, 4, batch_first=True)
x = torch.randn(2, 5, d)
padding = torch.tensor([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]).bool()
out, weights = attention(x, x, x, key_padding_mask=padding, need_weights=True)
print(out.shape, weights.shape, weights[0, :, 3:].abs().max().item(), f"{weights.sum().item():.3f}")
