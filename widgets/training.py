"""边训边看：一个学会倒写数字的 Transformer ‖ Train and watch: a Transformer that learns to reverse digits

按“播放”：损失从 2.3（乱猜十个数字）落下来，不到一分钟它就会倒写。再把学习率拉到 0.06、预热和裁剪都关掉重播：曲线抖起来，梯度范数冲高。换成 SGD：半天不动。 ‖
Press Play: the loss falls from 2.3, a guess among ten digits, and within a minute it can reverse. Then raise the rate to 0.06,
without warm-up and clipping, and play again: the curve shakes and the norm shoots up. With SGD hardly anything moves.

同样的学习率 0.003，为什么 SGD 几乎不动，Adam 却很快？ ‖ At the same rate of 0.003, why does SGD hardly move while Adam is fast?

SGD 的步子是梯度乘学习率，这里的梯度很小；Adam 把每个参数的梯度除以它自己的均方根，每步大约走一个学习率那么远，与梯度大小无关。 ‖ A step of SGD is
the gradient times the rate, and gradients are small here. Adam divides each by its own root mean square, so that every parameter
moves by about the rate, however small its gradient.
"""

# @markdown 优化器 ‖ Optimizer
method = "AdamW"  # @param ["SGD", "momentum", "Adam", "AdamW"]
# @markdown 学习率 ‖ Learning rate
lr = 0.003  # @param {type:"slider", min:0.001, max:0.06, step:0.001}
# @markdown 预热步数 ‖ Warm-up steps
warmup = 20  # @param {type:"slider", min:0, max:100, step:10}
# @markdown 裁剪梯度（范数 1） ‖ Clip gradients (norm 1)
clip = True  # @param {type:"boolean"}
# @markdown ▸▸训练步数 ‖ ▸▸Steps
steps = 60  # @param {type:"slider", min:0, max:300, step:2}

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from browser.charts import timeline
from browser.plot import lines
from snippets.adamw import AdamW, sgd_step
from snippets.lr_schedule import clip_gradients, cosine_schedule
from snippets.transformer_block import TransformerBlock

T, C = 8, 32


class Run:  # 一次训练；同样的设置接着训 ‖ one training, which goes on while the settings stay
    def __init__(self, settings):
        self.settings, self.losses, self.norms = settings, [], []
        torch.manual_seed(0)
        self.embed, self.place = nn.Embedding(10, C), nn.Parameter(0.3 * torch.randn(T, C))
        self.block, self.head = TransformerBlock(C, 2, hidden=64), nn.Linear(C, 10)
        self.parameters = [self.place, *(p for part in (self.embed, self.block, self.head) for p in part.parameters())]
        self.theta = parameters_to_vector(
            self.parameters
        ).detach()  # 首尾相接，优化器一次走完 ‖ end to end, for one step of the optimizer
        vector_to_parameters(
            self.theta, self.parameters
        )  # 参数从此是它的一段 ‖ the parameters are parts of it from now on
        self.velocity = torch.zeros_like(self.theta)
        self.adam = AdamW([self.theta], weight_decay=0.001, decoupled=settings[0] == "AdamW")
        self.data = torch.Generator().manual_seed(1)

    def logits(self, digits):
        return self.head(self.block(self.embed(digits) + self.place))

    def step(self):
        method, lr, warmup, clip = self.settings
        digits = torch.randint(10, (32, T), generator=self.data)
        loss = F.cross_entropy(self.logits(digits).flatten(0, 1), digits.flip(1).flatten())
        for p in self.parameters:
            p.grad = None
        loss.backward()
        self.theta.grad = torch.cat([p.grad.flatten() for p in self.parameters])
        self.norms.append(float(clip_gradients([self.theta], 1.0 if clip else 1e9)))
        self.losses.append(float(loss.detach()))
        rate = cosine_schedule(len(self.losses), lr, 300, warmup)
        if "Adam" in method:
            self.adam.lr = rate
            self.adam.step()
        else:
            sgd_step(self.theta, self.theta.grad, self.velocity, rate, momentum=0.9 if method == "momentum" else 0.0)


run, settings = globals().get("reversing"), (method, lr, warmup, clip)
if run is None or run.settings != settings or len(run.losses) > steps:
    run = reversing = Run(settings)
while len(run.losses) < steps:
    run.step()

every = max(1, len(run.losses) // 150)
x = list(range(0, len(run.losses), every)) or [0]
lines({"损失 ‖ loss": run.losses[::every] or [2.303], "乱猜 ‖ guessing": [2.303] * len(x)}, x=x, xlabel="训练步 ‖ step",
      title="损失 ‖ Loss", key="loss")  # fmt: skip
lines(
    run.norms[::every] or [0.0],
    x=x,
    xlabel="训练步 ‖ step",
    title="梯度范数（裁剪前） ‖ Gradient norm before clipping",
    key="norm",
)
with torch.no_grad():
    digits = torch.randint(10, (25, T), generator=torch.Generator().manual_seed(7))
    guess = run.logits(digits).argmax(-1)
share = float((guess == digits.flip(1)).all(-1).float().mean())
rows = []
for given, found in zip(digits[:4].tolist(), guess[:4].tolist()):
    rows.append(("输入 ‖ input", [(str(d), "other") for d in given]))
    rows.append(("倒写 ‖ reversed", [(str(d), "third" if d == r else "quiet") for d, r in zip(found, given[::-1])]))
timeline(
    rows,
    names={"third": "写对 ‖ right", "quiet": "写错 ‖ wrong"},
    title="没见过的四串数字 ‖ Four strings it never saw",
    key="digits",
)
now = run.losses[-1] if run.losses else 2.303
print(
    f"第 {steps} 步，损失 {now:.2f}，25 串新数字里整串写对 {100 * share:.0f}% ‖ step {steps}, loss {now:.2f}; {100 * share:.0f}% of 25 new strings are reversed without a mistake"
)
