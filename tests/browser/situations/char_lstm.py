"""Recurrent networks: a cell by hand, an LSTM, sentences of different lengths."""
import string
import unicodedata

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

all_letters = string.ascii_letters + " .,;'"


def unicodeToAscii(s):
    return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn" and c in all_letters)


def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, len(all_letters))
    for li, letter in enumerate(line):
        tensor[li][0][all_letters.find(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        hidden = torch.tanh(self.i2h(torch.cat((input, hidden), 1)))
        return self.softmax(self.h2o(hidden)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


torch.manual_seed(0)
rnn = RNN(len(all_letters), 16, 3)
criterion = nn.NLLLoss()
for name, label in (("Ślusàrski", 0), ("Satoshi", 1), ("O'Neal", 2)):
    hidden = rnn.initHidden()
    rnn.zero_grad()
    for letter in lineToTensor(unicodeToAscii(name)):
        output, hidden = rnn(letter, hidden)
    loss = criterion(output, torch.tensor([label]))
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.05)
    print(unicodeToAscii(name), f"{loss.item():.4f}", output.topk(1)[1].item() in (0, 1, 2))

sentences = [torch.tensor([1, 2, 3]), torch.tensor([4, 5]), torch.tensor([6])]
padded = pad_sequence(sentences, batch_first=True)
lengths = torch.tensor([len(s) for s in sentences])
embed, lstm = nn.Embedding(10, 4, padding_idx=0), nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True, dropout=0.0)
packed, (h, c) = lstm(pack_padded_sequence(embed(padded), lengths, batch_first=True, enforce_sorted=False))
out, sizes = pad_packed_sequence(packed, batch_first=True)
print(out.shape, h.shape, sizes.tolist(), f"{out.sum().item():.4f}")
cell = nn.GRUCell(4, 5)
state = torch.zeros(3, 5)
for t in range(3):
    state = cell(embed(padded[:, t]), state)
print(f"{state.norm().item():.4f}")
