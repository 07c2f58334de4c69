%load_ext autoreload
%autoreload 2
%matplotlib inline
%config InlineBackend.figure_format = 'retina'
!pip install -q torch einops tqdm
%pip install numpy
!wget -q https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt
import torch
%time y = torch.ones(3).sum()
with open('input.txt', 'r', encoding='utf-8') as f:
    text = f.read()
print("length of dataset in characters: ", len(text))
chars = sorted(list(set(text)))
vocab_size = len(chars)
print(''.join(chars))
stoi = {ch: i for i, ch in enumerate(chars)}
encode = lambda s: [stoi[c] for c in s]
data = torch.tensor(encode(text), dtype=torch.long)
n = int(0.9 * len(data))
train_data, val_data = data[:n], data[n:]
torch.manual_seed(1337)
ix = torch.randint(len(train_data) - 8, (4,))
xb = torch.stack([train_data[i:i + 8] for i in ix])
print(xb.shape, vocab_size, y)
xb
