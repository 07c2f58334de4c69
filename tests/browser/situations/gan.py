"""A gradient penalty, weights drawn by a function of the class's name, and two optimizers."""
import torch
import torch.nn as nn

torch.manual_seed(999)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


netG = nn.Sequential(
    nn.ConvTranspose2d(8, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
    nn.ConvTranspose2d(16, 1, 4, 2, 1, bias=False), nn.Tanh(),
)
netD = nn.Sequential(
    nn.Conv2d(1, 8, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(8, 1, 4, 1, 0, bias=False), nn.Flatten(0)
)
netG.apply(weights_init)
netD.apply(weights_init)
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
fixed_noise = torch.randn(4, 8, 1, 1)
for step in range(3):
    real, noise = torch.randn(4, 1, 8, 8), torch.randn(4, 8, 1, 1)
    fake = netG(noise)
    alpha = torch.rand(4, 1, 1, 1)
    between = (alpha * real + (1 - alpha) * fake.detach()).requires_grad_(True)
    d_between = netD(between)
    gradients = torch.autograd.grad(
        outputs=d_between, inputs=between, grad_outputs=torch.ones_like(d_between), create_graph=True, retain_graph=True, only_inputs=True
    )[0]
    penalty = ((gradients.view(4, -1).norm(2, dim=1) - 1) ** 2).mean() * 10
    netD.zero_grad()
    errD = netD(fake.detach()).mean() - netD(real).mean() + penalty
    errD.backward()
    optimizerD.step()
    netG.zero_grad()
    errG = -netD(fake).mean()
    errG.backward()
    optimizerG.step()
    print("[%d] Loss_D: %.4f Loss_G: %.4f gp: %.4f" % (step, errD.item(), errG.item(), penalty.item()))
netG.eval()
with torch.no_grad():
    print(netG(fixed_noise).shape)
