"""A `summary(model)` as in the package of that name: hooks that note shapes."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=5)
        self.conv2 = nn.Conv2d(4, 8, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(128, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 128)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def summary(model, input_size):
    rows, handles = [], []

    def hook(module, inputs, output):
        rows.append((module.__class__.__name__, list(output.shape), sum(p.numel() for p in module.parameters())))

    for module in model.modules():
        if not list(module.children()):
            handles.append(module.register_forward_hook(hook))
    model.eval()
    model(torch.zeros(1, *input_size))
    [h.remove() for h in handles]
    print("-" * 50)
    for i, (name, shape, count) in enumerate(rows, 1):
        print(f"{name + '-' + str(i):>20} {str(shape):>20} {count:>8,}")
    print("=" * 50)
    print(f"Total params: {sum(r[2] for r in rows):,}")


model = Net()
summary(model, (1, 28, 28))
for name, param in model.named_parameters():
    if "conv" in name:
        param.requires_grad_(False)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), [n for n, _ in model.named_children()])
