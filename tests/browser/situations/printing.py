"""What learners look at first: tensors, modules, shapes, types."""
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(2, 3)
print(x)
print(x.shape, x.dtype, x.device, x.size(), x.stride(), x.is_contiguous(), x.requires_grad)
print(torch.arange(12).reshape(3, 4), torch.zeros(2, dtype=torch.bool), torch.tensor([1.5, float("nan"), float("inf")]))
print(torch.tensor(3.14159), torch.tensor([1e-8, 1.0]), torch.tensor([123456.0, 0.001]), torch.full((2, 2), 7))
print(torch.rand(1000), torch.ones(2, 2, requires_grad=True) * 2)
torch.set_printoptions(precision=2, sci_mode=False)
print(x * 1000)
torch.set_printoptions(profile="default")
print(f"{x.mean():.3f} {x.mean().item():.3f} {x[0, 0]:>10.2f}|{x.sum()}")
print(nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Linear(10, 2)))
print(nn.LSTM(4, 8, num_layers=2, batch_first=True, bidirectional=True), nn.TransformerEncoderLayer(16, 2, 32))
print(nn.Embedding(10, 4, padding_idx=0), nn.CrossEntropyLoss(), nn.Parameter(torch.zeros(2)))
print(torch.__version__.split("+")[0], torch.cuda.is_available(), torch.get_default_dtype(), torch.int64 is torch.long)
print([tuple(p.shape) for p in nn.Linear(3, 2).parameters()], torch.finfo(torch.float32).eps, torch.iinfo(torch.int8).max)
try:
    torch.ones(2, 3) @ torch.ones(2, 3)
except RuntimeError as e:
    print(e)
try:
    torch.ones(2, 3) + torch.ones(2, 2)
except RuntimeError as e:
    print(e)
x
