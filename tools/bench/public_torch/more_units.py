"""More packages: vision, metrics, flows, spikes, manifolds, optimizers, and what explains models."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from units import UNITS, model, of, randn, tokens, trained, unit

model(
    "MEGABYTE",
    "MEGABYTE_pytorch",
    lambda c: c(num_tokens=65, dim=(32, 16), depth=(1, 1), max_seq_len=(8, 4), dim_head=16, heads=2),
    tokens(65, 2, 32),
    return_loss=lambda: True,
)
model("Conformer", "conformer", lambda c: c(32, depth=2, dim_head=16, heads=2, conv_kernel_size=7), randn(2, 12, 32))
model(
    "LambdaLayer", "lambda_networks", lambda c: c(dim=8, dim_out=8, r=3, dim_k=4, heads=2, dim_u=2), randn(2, 8, 8, 8)
)
model(
    "EGNN",
    "egnn_pytorch.egnn_pytorch",
    lambda c: c(dim=16, edge_dim=4, num_nearest_neighbors=4, norm_feats=True),
    randn(1, 10, 16),
    randn(1, 10, 3),
    randn(1, 10, 10, 4),
)
model(
    "EGNN_Network",
    "egnn_pytorch.egnn_pytorch",
    lambda c: c(
        num_tokens=10, num_positions=16, depth=2, dim=16, num_nearest_neighbors=4, coor_weights_clamp_value=2.0
    ),
    tokens(10, 1, 12),
    randn(1, 12, 3),
)
model(
    "HTransformer1D",
    "h_transformer_1d",
    lambda c: c(num_tokens=65, dim=32, depth=2, max_seq_len=64, heads=2, dim_head=16, block_size=8, causal=True),
    tokens(65, 2, 64),
)
model(
    "reversible HTransformer1D",
    "h_transformer_1d",
    lambda c: c(
        num_tokens=65,
        dim=32,
        depth=2,
        max_seq_len=64,
        heads=2,
        dim_head=16,
        block_size=8,
        reversible=True,
        shift_tokens=True,
    ),
    tokens(65, 2, 64),
)
model(
    "MemoryTransformerXL",
    "memory_transformer_xl",
    lambda c: c(num_tokens=65, dim=32, seq_len=16, depth=2, heads=2, memory_layers=[2], mem_len=16, lmem_len=8),
    tokens(65, 2, 16),
)
model("minGRU", "minGRU_pytorch", lambda c: c(16, expansion_factor=1.5), randn(2, 20, 16))
model("minLSTM", "minGRU_pytorch.minLSTM", lambda c: c(16), randn(2, 20, 16))
model(
    "minLM",
    "minGRU_pytorch.minLM",
    lambda c: c(num_tokens=65, dim=16, depth=2),
    tokens(65, 2, 20),
    return_loss=lambda: True,
)
model(
    "SparseAttention",
    "native_sparse_attention_pytorch",
    lambda c: c(
        dim=32,
        dim_head=16,
        heads=2,
        sliding_window_size=2,
        compress_block_size=4,
        compress_block_sliding_stride=2,
        selection_block_size=4,
        num_selected_blocks=2,
        causal=True,
    ),
    randn(2, 31, 32),
)
model(
    "Unet",
    "rectified_flow_pytorch",
    lambda c: c(dim=8, dim_mults=(1, 2)),
    randn(2, 3, 16, 16),
    times=lambda: torch.rand(2),
)


@unit("rectified_flow_pytorch:RectifiedFlow, sample")
def _() -> Any:
    from rectified_flow_pytorch import RectifiedFlow, Unet

    flow = RectifiedFlow(Unet(dim=8, dim_mults=(1, 2)))
    out = trained(flow, torch.rand(2, 3, 16, 16))
    return (out, flow.sample(batch_size=2, steps=3) if hasattr(flow, "sample") else None)


model(
    "RoutingTransformerLM",
    "routing_transformer",
    lambda c: c(num_tokens=65, dim=32, depth=2, max_seq_len=64, heads=4, dim_head=8, window_size=16, causal=True),
    tokens(65, 1, 64),
)
model(
    "SinkhornTransformerLM",
    "sinkhorn_transformer",
    lambda c: c(num_tokens=65, dim=32, depth=2, max_seq_len=64, heads=4, bucket_size=16, causal=True),
    tokens(65, 1, 64),
)
model(
    "TaylorSeriesLinearAttn",
    "taylor_series_linear_attention",
    lambda c: c(dim=32, dim_head=8, heads=2),
    randn(2, 12, 32),
)
model(
    "rotary TaylorSeriesLinearAttn",
    "taylor_series_linear_attention",
    lambda c: c(dim=32, dim_head=8, heads=2, rotary_emb=True, gate_value_heads=True, prenorm=True),
    randn(2, 12, 32),
)
model(
    "CLIP",
    "x_clip",
    lambda c: c(
        dim_text=16,
        dim_image=16,
        dim_latent=16,
        num_text_tokens=100,
        text_enc_depth=1,
        text_seq_len=16,
        text_heads=2,
        text_dim_head=8,
        visual_enc_depth=1,
        visual_heads=2,
        visual_dim_head=8,
        visual_image_size=16,
        visual_patch_size=8,
        text_pad_id=0,
    ),
    tokens(100, 2, 16),
    randn(2, 3, 16, 16),
    return_loss=lambda: True,
)


@unit("yet_another_retnet:parallel, recurrent, chunkwise")
def _() -> Any:
    from yet_another_retnet.retention import MultiScaleRetention

    net = MultiScaleRetention(32, 4)
    x = torch.randn(2, 8, 32)
    state, rows = (None, [])
    for i in range(8):
        row, state = net.forward_recurrent(x[:, i], x[:, i], x[:, i], seq_idx=i, prev_state=state)
        rows.append(row)
    return (trained(net, x, x, x), torch.stack(rows, 1))


model(
    "RetNet",
    "yet_another_retnet.retnet",
    lambda c: c(65, d_model=32, nhead=4, num_layers=2, dim_feedforward=48, dropout=0.0),
    tokens(65, 2, 12),
    tokens(65, 2, 12),
)
model(
    "TCN", "pytorch_tcn", lambda c: c(4, [8, 8], kernel_size=3, causal=True, use_skip_connections=True), randn(2, 4, 20)
)
model(
    "normed TCN",
    "pytorch_tcn",
    lambda c: c(4, [8, 8], kernel_size=3, causal=False, use_norm="layer_norm", activation="gelu"),
    randn(2, 4, 20),
)


@unit("torchcrf:CRF")
def _() -> Any:
    from torchcrf import CRF

    crf = CRF(5, batch_first=True)
    scores = nn.Parameter(torch.randn(3, 7, 5))
    tags, mask = (torch.randint(5, (3, 7)), torch.arange(7) < torch.tensor([[7], [4], [5]]))
    loss = -crf(scores, tags, mask=mask, reduction="token_mean")
    loss.backward()
    return (loss, scores.grad, crf.transitions.grad, crf.decode(scores, mask))


@unit("TorchCRF:CRF")
def _() -> Any:
    from TorchCRF import CRF

    crf = CRF(5, use_gpu=False)
    scores = nn.Parameter(torch.randn(3, 7, 5))
    tags, mask = (torch.randint(5, (3, 7)), torch.arange(7) < torch.tensor([[7], [4], [5]]))
    loss = -crf(scores, tags, mask).mean()
    loss.backward()
    return (loss, scores.grad, crf.viterbi_decode(scores, mask))


@unit("mambapy:Mamba")
def _() -> Any:
    from mambapy.mamba import Mamba, MambaConfig

    return trained(Mamba(MambaConfig(d_model=16, n_layers=2, d_state=4)), torch.randn(2, 12, 16))


@unit("mambapy:pscan off, step")
def _() -> Any:
    from mambapy.mamba import Mamba, MambaConfig

    net = Mamba(MambaConfig(d_model=16, n_layers=1, d_state=4, pscan=False))
    x = torch.randn(2, 6, 16)
    caches = [(None, torch.zeros(2, 32, 3)) for _ in net.layers]
    outs = []
    for i in range(6):
        out, caches = net.step(x[:, i], caches)
        outs.append(out)
    return (net(x), torch.stack(outs, 1))


@unit("mambapy:LM")
def _() -> Any:
    from mambapy.lm import LM
    from mambapy.mamba import MambaConfig

    return trained(LM(MambaConfig(d_model=16, n_layers=1, d_state=4), vocab_size=65), torch.randint(65, (2, 12)))


@unit("mambapy:VMamba")
def _() -> Any:
    from mambapy.vim import MambaConfig, VMamba

    return trained(VMamba(MambaConfig(d_model=16, n_layers=1, d_state=4, bidirectional=True)), torch.randn(2, 12, 16))


model("KANLayer", "kan.KANLayer", lambda c: c(in_dim=3, out_dim=2, num=4, k=3), randn(10, 3))


@unit("kan:KAN fit")
def _() -> Any:
    from kan import KAN

    net = KAN(width=[2, 3, 1], grid=3, k=3, seed=0, auto_save=False, save_act=True)
    x = torch.rand(40, 2) * 2 - 1
    y = (x[:, :1] * 3).sin() + x[:, 1:] ** 2
    data = {"train_input": x, "train_label": y, "test_input": x, "test_label": y}
    found = net.fit(data, opt="Adam", steps=3, lr=0.01, log=10)
    return (net(x), [float(one) for one in found["train_loss"]])


@unit("kan:KAN LBFGS")
def _() -> Any:
    from kan import KAN

    net = KAN(width=[2, 2, 1], grid=3, k=3, seed=0, auto_save=False, symbolic_enabled=False)
    x = torch.rand(40, 2) * 2 - 1
    y = (x[:, :1] * 3).sin() + x[:, 1:] ** 2
    data = {"train_input": x, "train_label": y, "test_input": x, "test_label": y}
    return [float(one) for one in net.fit(data, opt="LBFGS", steps=2, lamb=0.001)["train_loss"]]


@unit("torchscale:RetNetDecoder")
def _() -> Any:
    from torchscale.architecture.config import RetNetConfig
    from torchscale.architecture.retnet import RetNetDecoder

    config = RetNetConfig(
        vocab_size=65,
        decoder_embed_dim=32,
        decoder_value_embed_dim=48,
        decoder_retention_heads=2,
        decoder_ffn_embed_dim=48,
        decoder_layers=2,
    )
    net = RetNetDecoder(config, embed_tokens=nn.Embedding(65, 32))
    return trained(net, torch.randint(65, (2, 12)), call=lambda x: net(x)[0])


@unit("torchscale:Encoder")
def _() -> Any:
    from torchscale.architecture.config import EncoderConfig
    from torchscale.architecture.encoder import Encoder

    config = EncoderConfig(
        vocab_size=65,
        encoder_embed_dim=32,
        encoder_attention_heads=2,
        encoder_ffn_embed_dim=48,
        encoder_layers=2,
        rel_pos_buckets=8,
        max_rel_pos=16,
        deepnorm=True,
    )
    net = Encoder(config, embed_tokens=nn.Embedding(65, 32))
    return trained(net, torch.randint(65, (2, 12)), call=lambda x: net(x)["encoder_out"])


@unit("torchscale:Decoder, xpos, magneto")
def _() -> Any:
    from torchscale.architecture.config import DecoderConfig
    from torchscale.architecture.decoder import Decoder

    config = DecoderConfig(
        vocab_size=65,
        decoder_embed_dim=32,
        decoder_attention_heads=2,
        decoder_ffn_embed_dim=48,
        decoder_layers=2,
        xpos_rel_pos=True,
        subln=True,
    )
    net = Decoder(config, embed_tokens=nn.Embedding(65, 32))
    return trained(net, torch.randint(65, (2, 12)), call=lambda x: net(x)[0])


@unit("pytorch_msssim:SSIM, MS-SSIM")
def _() -> Any:
    from pytorch_msssim import MS_SSIM, SSIM, ms_ssim, ssim

    x, y = (torch.rand(2, 3, 176, 176, requires_grad=True) for _ in range(2))
    loss = 1 - SSIM(data_range=1)(x, y) + 1 - MS_SSIM(data_range=1)(x, y)
    loss.backward()
    return (loss, x.grad, ssim(x, y, data_range=1, size_average=False), ms_ssim(x, y, data_range=1))


def optimized(name: str, path: str, **options: Any) -> None:

    def run() -> Any:
        cls = of(path, name)
        net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
        return trained(net, torch.randn(5, 6), optimizer=lambda ps: cls(list(ps), **options))

    UNITS[f"{path.split('.')[0]}:{name}"] = run


optimized("CAME", "came_pytorch", lr=0.0002, weight_decay=0.01)
optimized("DAdaptAdam", "dadaptation", lr=1.0)
optimized("DAdaptSGD", "dadaptation", lr=1.0)
optimized("GaLoreAdamW", "galore_torch", lr=0.01)
optimized("GrokFastAdamW", "grokfast_pytorch", lr=0.01, weight_decay=0.01)
OPTIMIZERS = """SOAP Shampoo ScalableShampoo Adai Adalite ADOPT AdEMAMix Lion Kate MARS Grams LaProp StableAdamW Tiger
CAME AdamP SGDP Nero SRMM PNM Fromage QHAdam AdaFactor ScheduleFreeAdamW Prodigy PAdam Conda FOCUS SPlus"""
for one in OPTIMIZERS.split():
    optimized(one, "pytorch_optimizer")
optimized("Ranger21", "pytorch_optimizer", num_iterations=10)


@unit("pytorch_optimizer:SAM")
def _() -> Any:
    from pytorch_optimizer import SAM

    net = nn.Linear(5, 2)
    opt = SAM(net.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9)
    x, y = (torch.randn(8, 5), torch.randn(8, 2))
    losses = []
    for _ in range(3):
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.first_step(zero_grad=True)
        F.mse_loss(net(x), y).backward()
        opt.second_step(zero_grad=True)
        losses.append(loss.item())
    return (losses, net.weight)


@unit("pytorch_optimizer:schedules")
def _() -> Any:
    import pytorch_optimizer as po

    found = []
    for make in (
        lambda o: po.CosineAnnealingWarmupRestarts(o, first_cycle_steps=5, warmup_steps=2, max_lr=0.1, min_lr=0.01),
        lambda o: po.REXScheduler(o, total_steps=8, max_lr=0.1),
        lambda o: po.LinearScheduler(o, t_max=8, max_lr=0.1, warmup_steps=2),
    ):
        opt = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
        sched = make(opt)
        row = []
        for _ in range(8):
            opt.step()
            sched.step()
            row.append(opt.param_groups[0]["lr"])
        found.append(row)
    return found


@unit("pytorch_optimizer:losses")
def _() -> Any:
    import pytorch_optimizer as po

    x, y = (torch.randn(4, 3, 6, 6, requires_grad=True), torch.randint(2, (4, 3, 6, 6)).float())
    out = []
    for make in (
        po.FocalLoss,
        po.BCEFocalLoss,
        po.TverskyLoss,
        po.FocalTverskyLoss,
        po.JaccardLoss,
        po.DiceLoss,
        po.LovaszHingeLoss,
    ):
        try:
            loss = make(mode="binary") if make in (po.JaccardLoss, po.DiceLoss) else make()
            value = loss(x, y) if make is not po.LovaszHingeLoss else loss(x[:, 0], y[:, 0])
            out.append(value)
        except (TypeError, ValueError) as error:
            out.append(type(error).__name__)
    return out


@unit("kornia:losses")
def _() -> Any:
    from kornia import losses

    logits, labels = (torch.randn(2, 4, 8, 8, requires_grad=True), torch.randint(4, (2, 8, 8)))
    a, b = (torch.rand(2, 3, 24, 24, requires_grad=True) for _ in range(2))
    found = {
        "dice": losses.dice_loss(logits, labels),
        "focal": losses.focal_loss(logits, labels, 0.5, reduction="mean"),
        "tversky": losses.tversky_loss(logits, labels, 0.5, 0.5),
        "lovasz": losses.lovasz_softmax_loss(logits, labels),
        "ssim": losses.ssim_loss(a, b, 5),
        "psnr": losses.psnr_loss(a, b, 1.0),
        "tv": losses.total_variation(a),
        "js": losses.js_div_loss_2d(a.softmax(-1), b.softmax(-1)),
        "charbonnier": losses.charbonnier_loss(a, b, "mean"),
        "welsch": losses.welsch_loss(a, b, "mean"),
    }
    sum(one.sum() for one in found.values()).backward()
    return (found, logits.grad, a.grad)


@unit("kornia:filters")
def _() -> Any:
    from kornia import filters

    x = torch.rand(2, 3, 12, 12)
    return {
        "gauss": filters.gaussian_blur2d(x, (3, 3), (1.5, 1.5)),
        "box": filters.box_blur(x, (3, 3)),
        "sobel": filters.sobel(x),
        "grad": filters.spatial_gradient(x),
        "laplacian": filters.laplacian(x, 3),
        "median": filters.median_blur(x, (3, 3)),
        "motion": filters.motion_blur(x, 5, 35.0, 0.5),
        "unsharp": filters.unsharp_mask(x, (3, 3), (1.5, 1.5)),
        "bilateral": filters.bilateral_blur(x, (3, 3), 0.1, (1.5, 1.5)),
        "pool": filters.blur_pool2d(x, 3),
        "canny": filters.canny(x)[0],
    }


@unit("kornia:color")
def _() -> Any:
    from kornia import color

    x = torch.rand(2, 3, 6, 6)
    return {
        name: getattr(color, name)(x)
        for name in (
            "rgb_to_grayscale",
            "rgb_to_hsv",
            "rgb_to_hls",
            "rgb_to_lab",
            "rgb_to_luv",
            "rgb_to_xyz",
            "rgb_to_ycbcr",
            "rgb_to_yuv",
            "rgb_to_bgr",
            "rgb_to_linear_rgb",
        )
    }


@unit("kornia:geometry")
def _() -> Any:
    from kornia import geometry as g

    x = torch.rand(2, 3, 12, 12, requires_grad=True)
    found = {
        "rotate": g.rotate(x, torch.tensor([30.0, 45.0])),
        "scale": g.scale(x, torch.tensor([[1.5, 1.2], [0.8, 1.0]])),
        "shear": g.shear(x, torch.tensor([[0.1, 0.2], [0.0, 0.1]])),
        "resize": g.resize(x, (7, 9)),
        "pyrdown": g.pyrdown(x),
        "hflip": g.hflip(x),
        "translate": g.translate(x, torch.tensor([[1.0, 2.0], [0.0, 1.0]])),
    }
    sum(one.sum() for one in found.values()).backward()
    q = F.normalize(torch.randn(3, 4), dim=-1)
    return (
        found,
        x.grad,
        g.quaternion_to_rotation_matrix(q),
        g.angle_axis_to_rotation_matrix(torch.randn(3, 3)) if hasattr(g, "angle_axis_to_rotation_matrix") else 0,
    )


@unit("kornia:morphology, enhance")
def _() -> Any:
    from kornia import enhance, morphology

    x, k = (torch.rand(2, 3, 10, 10), torch.ones(3, 3))
    return (
        morphology.dilation(x, k),
        morphology.erosion(x, k),
        morphology.opening(x, k),
        morphology.gradient(x, k),
        enhance.adjust_brightness(x, 0.2),
        enhance.adjust_contrast(x, 0.7),
        enhance.adjust_gamma(x, 2.2),
        enhance.equalize(x),
        enhance.normalize(x, torch.tensor([0.5] * 3), torch.tensor([0.2] * 3)),
        enhance.sharpness(x, 0.5),
        enhance.posterize(x, 3),
    )


@unit("kornia:augmentation")
def _() -> Any:
    from kornia import augmentation as K

    x = torch.rand(2, 3, 16, 16)
    return nn.Sequential(
        K.RandomHorizontalFlip(p=0.5),
        K.ColorJitter(0.1, 0.1, 0.1, 0.1, p=1.0),
        K.RandomCrop((12, 12)),
        K.RandomErasing(p=1.0),
    )(x)


@unit("torchmetrics:classification")
def _() -> Any:
    from torchmetrics import classification as c

    p, y = (torch.randn(20, 4).softmax(-1), torch.randint(4, (20,)))
    found = {}
    for name in (
        "Accuracy",
        "Precision",
        "Recall",
        "F1Score",
        "ConfusionMatrix",
        "CohenKappa",
        "MatthewsCorrCoef",
        "JaccardIndex",
        "AUROC",
        "CalibrationError",
        "AveragePrecision",
    ):
        metric = getattr(c, f"Multiclass{name}")(num_classes=4)
        metric.update(p[:10], y[:10])
        metric.update(p[10:], y[10:])
        found[name] = metric.compute()
    return found


@unit("torchmetrics:regression, collection")
def _() -> Any:
    import torchmetrics as tm

    p, y = (torch.randn(20), torch.randn(20))
    both = tm.MetricCollection(
        [tm.MeanSquaredError(), tm.MeanAbsoluteError(), tm.R2Score(), tm.PearsonCorrCoef(), tm.SpearmanCorrCoef()]
    )
    both.update(p, y)
    mean = tm.MeanMetric()
    mean.update(torch.tensor([1.0, 3.0]))
    mean.update(5.0)
    return (dict(both.compute()), mean.compute())


@unit("torchmetrics:text, image")
def _() -> Any:
    from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure
    from torchmetrics.text import BLEUScore, Perplexity, WordErrorRate

    a, b = (torch.rand(2, 3, 24, 24), torch.rand(2, 3, 24, 24))
    return (
        Perplexity()(torch.randn(2, 6, 9).softmax(-1), torch.randint(9, (2, 6))),
        WordErrorRate()(["a cat sat"], ["the cat sat"]),
        BLEUScore()(["the cat is on the mat"], [["there is a cat on the mat", "a cat is on the mat"]]),
        PeakSignalNoiseRatio(data_range=1.0)(a, b),
        StructuralSimilarityIndexMeasure(data_range=1.0)(a, b),
    )


@unit("torchinfo:summary")
def _() -> Any:
    from torchinfo import summary

    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
    return str(summary(net, input_size=(2, 1, 28, 28), verbose=0))


@unit("captum:IntegratedGradients, Saliency, Occlusion")
def _() -> Any:
    from captum.attr import (
        DeepLift,
        FeatureAblation,
        GradientShap,
        InputXGradient,
        IntegratedGradients,
        LayerGradCam,
        Occlusion,
        Saliency,
    )

    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).eval()
    x = torch.randn(2, 4, requires_grad=True)
    found = [
        IntegratedGradients(net).attribute(x, target=1, n_steps=8),
        Saliency(net).attribute(x, target=1),
        InputXGradient(net).attribute(x, target=0),
        FeatureAblation(net).attribute(x, target=2),
        DeepLift(net).attribute(x, target=1),
        GradientShap(net).attribute(x, baselines=torch.zeros(2, 4), target=1, n_samples=2),
    ]
    conv = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 36, 2)).eval()
    image = torch.randn(1, 1, 8, 8)
    return (
        found,
        Occlusion(conv).attribute(image, sliding_window_shapes=(1, 3, 3), target=0),
        LayerGradCam(conv, conv[0]).attribute(image, target=1),
    )


@unit("higher:inner loop")
def _() -> Any:
    import higher

    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = (torch.randn(6, 3), torch.randn(6, 1))
    with higher.innerloop_ctx(net, opt) as (fast, inner):
        for _ in range(2):
            inner.step(F.mse_loss(fast(x), y))
        outer = F.mse_loss(fast(x), y)
        grads = torch.autograd.grad(outer, fast.parameters(time=0))
    return (outer, grads)


@unit("snntorch:Leaky, Synaptic, RLeaky")
def _() -> Any:
    import snntorch as snn
    from snntorch import functional as SF
    from snntorch import spikegen, surrogate

    lin, leaky = (nn.Linear(4, 3), snn.Leaky(beta=0.9, spike_grad=surrogate.fast_sigmoid(slope=25)))
    syn = snn.Synaptic(alpha=0.9, beta=0.8)
    spikes = spikegen.rate(torch.rand(2, 4), num_steps=6)
    mem = leaky.init_leaky() if hasattr(leaky, "init_leaky") else leaky.reset_mem()
    s, m = syn.init_synaptic() if hasattr(syn, "init_synaptic") else syn.reset_mem()
    out = []
    for step in range(6):
        spk, mem = leaky(lin(spikes[step]), mem)
        spk2, s, m = syn(spk, s, m)
        out.append(spk2)
    out = torch.stack(out)
    loss = SF.ce_rate_loss()(out, torch.tensor([0, 2]))
    loss.backward()
    return (out, loss, lin.weight.grad, spikegen.latency(torch.rand(2, 4), num_steps=5))


@unit("geoopt:Poincare ball")
def _() -> Any:
    import geoopt

    ball = geoopt.PoincareBall(c=1.0)
    x = geoopt.ManifoldParameter(ball.expmap0(torch.randn(4, 3) * 0.3), manifold=ball)
    y = ball.projx(torch.randn(4, 3) * 0.4)
    opt = geoopt.optim.RiemannianAdam([x], lr=0.01)
    losses = []
    for _ in range(3):
        opt.zero_grad()
        loss = ball.dist(x, y).pow(2).sum()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return (losses, x.detach(), ball.mobius_add(x, y), ball.logmap(x, y))


@unit("geoopt:sphere, Stiefel")
def _() -> Any:
    import geoopt

    sphere, stiefel = (geoopt.Sphere(), geoopt.Stiefel())
    x = geoopt.ManifoldParameter(sphere.projx(torch.randn(4, 3)), manifold=sphere)
    w = geoopt.ManifoldParameter(stiefel.projx(torch.randn(5, 3)), manifold=stiefel)
    opt = geoopt.optim.RiemannianSGD([x, w], lr=0.01, momentum=0.9)
    for _ in range(3):
        opt.zero_grad()
        (x.sum() + (w**3).sum()).backward()
        opt.step()
    return (x, w)


@unit("torchsde:sdeint")
def _() -> Any:
    import torchsde

    class SDE(nn.Module):
        noise_type, sde_type = ("diagonal", "ito")

        def __init__(self):
            super().__init__()
            self.mu, self.sigma = (nn.Linear(3, 3), nn.Linear(3, 3))

        def f(self, t, y):
            return self.mu(y)

        def g(self, t, y):
            return self.sigma(y)

    sde, y0, ts = (SDE(), torch.full((2, 3), 0.1), torch.linspace(0, 1, 4))
    bm = torchsde.BrownianInterval(t0=0.0, t1=1.0, size=(2, 3), entropy=7)
    ys = torchsde.sdeint(sde, y0, ts, method="euler", dt=0.1, bm=bm)
    ys.sum().backward()
    return (ys, sde.mu.weight.grad)


@unit("zuko:MAF")
def _() -> Any:
    import zuko

    flow = zuko.flows.MAF(3, 0, transforms=2, hidden_features=(8, 8))
    x = torch.randn(5, 3)
    return (trained(flow, x, call=lambda x: -flow().log_prob(x).mean()), flow().sample((4,)))


@unit("zuko:NSF, context")
def _() -> Any:
    import zuko

    flow = zuko.flows.NSF(3, 2, transforms=2, hidden_features=(8, 8))
    x, c = (torch.randn(5, 3), torch.randn(5, 2))
    return trained(flow, x, c, call=lambda x, c: -flow(c).log_prob(x).mean())


@unit("zuko:CNF, NICE, GMM")
def _() -> Any:
    import zuko

    x = torch.randn(5, 2)
    return [
        trained(flow, x, call=lambda x, flow=flow: -flow().log_prob(x).mean())
        for flow in (
            zuko.flows.NICE(2, hidden_features=(8,)),
            zuko.flows.GMM(2, components=3),
            zuko.flows.CNF(2, hidden_features=(8,)),
        )
    ]


@unit("flow_matching:path, solver")
def _() -> Any:
    from flow_matching.path import CondOTProbPath
    from flow_matching.solver import ODESolver
    from flow_matching.utils import ModelWrapper

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(3, 16), nn.SiLU(), nn.Linear(16, 2))

        def forward(self, x, t):
            return self.net(torch.cat([x, t.reshape(-1, 1).expand(len(x), 1)], 1))

    net, path = (Net(), CondOTProbPath())

    def loss(x1):
        t = torch.rand(len(x1))
        s = path.sample(t=t, x_0=torch.randn_like(x1), x_1=x1)
        return (net(s.x_t, s.t) - s.dx_t).square().mean()

    found = trained(net, torch.randn(8, 2), call=loss)

    class Wrapped(ModelWrapper):
        def forward(self, x, t, **extras):
            return self.model(x, t)

    return (
        found,
        ODESolver(velocity_model=Wrapped(net)).sample(x_init=torch.randn(4, 2), method="midpoint", step_size=0.25),
    )


@unit("flow_matching:discrete")
def _() -> Any:
    from flow_matching.loss import MixturePathGeneralizedKL
    from flow_matching.path import MixtureDiscreteProbPath
    from flow_matching.path.scheduler import PolynomialConvexScheduler

    path = MixtureDiscreteProbPath(scheduler=PolynomialConvexScheduler(n=2.0))
    x1 = torch.randint(10, (4, 6))
    t = torch.rand(4) * 0.9
    s = path.sample(t=t, x_0=torch.randint(10, (4, 6)), x_1=x1)
    logits = torch.randn(4, 6, 10, requires_grad=True)
    loss = MixturePathGeneralizedKL(path=path)(logits=logits, x_1=x1, x_t=s.x_t, t=s.t)
    loss.backward()
    return (s.x_t, loss, logits.grad)


@unit("pytorch_tabnet:sparsemax, losses")
def _() -> Any:
    from pytorch_tabnet.sparsemax import Entmax15, Sparsemax

    x = torch.randn(4, 6, requires_grad=True)
    a, b = (Sparsemax(-1)(x), Entmax15(-1)(x))
    (a.square().sum() + b.square().sum()).backward()
    return (a, b, x.grad)


model(
    "EfficientNet",
    "efficientnet_pytorch",
    lambda c: c.from_name("efficientnet-b0", override_params={"num_classes": 4, "image_size": 32}),
    randn(2, 3, 32, 32),
)


@unit("pytorch_forecasting:metrics")
def _() -> Any:
    from pytorch_forecasting.metrics import MAE, RMSE, SMAPE, QuantileLoss

    y = torch.rand(4, 6) + 1
    p = torch.rand(4, 6, 7, requires_grad=True)
    loss = QuantileLoss()(p, y)
    loss.backward()
    return (loss, p.grad, MAE()(p[..., 3], y), RMSE()(p[..., 3], y), SMAPE()(p[..., 3], y))


for (
    one
) in "SqueezeExcite EcaModule SelectiveKernel GlobalContext SplitAttn NonLocalAttn FilterResponseNormTlu2d".split():
    model(one, "timm.layers", lambda c: c(16), randn(2, 16, 6, 6))


@unit("timm:resnet10t")
def _() -> Any:
    import timm

    return trained(timm.create_model("resnet10t", pretrained=False, num_classes=4), torch.randn(2, 3, 32, 32))


@unit("timm:vit_tiny")
def _() -> Any:
    import timm

    return trained(
        timm.create_model(
            "vit_tiny_patch16_224", pretrained=False, num_classes=4, img_size=32, depth=2, embed_dim=32, num_heads=2
        ),
        torch.randn(2, 3, 32, 32),
    )


@unit("timm:convnext, swin, mobilenet")
def _() -> Any:
    import timm

    return [
        trained(timm.create_model(name, pretrained=False, num_classes=4, **more), torch.randn(2, 3, 32, 32))
        for name, more in (
            ("convnext_atto", {"depths": (1, 1, 1, 1), "dims": (8, 8, 16, 16)}),
            (
                "swin_tiny_patch4_window7_224",
                {"img_size": 32, "window_size": 4, "embed_dim": 16, "depths": (1, 1), "num_heads": (2, 2)},
            ),
            ("mobilenetv3_small_050", {}),
        )
    ]


@unit("timm:optim, scheduler, ema")
def _() -> Any:
    import timm.optim as optim
    from timm.scheduler import CosineLRScheduler
    from timm.utils import ModelEmaV3

    net = nn.Linear(4, 2)
    opt = optim.create_optimizer_v2(net, "adamw", lr=0.1, weight_decay=0.05)
    sched, ema, lrs = (CosineLRScheduler(opt, t_initial=6, warmup_t=2, lr_min=0.001), ModelEmaV3(net, decay=0.9), [])
    for step in range(6):
        opt.zero_grad()
        net(torch.ones(3, 4)).square().sum().backward()
        opt.step()
        sched.step(step + 1)
        ema.update(net)
        lrs.append(opt.param_groups[0]["lr"])
    return (lrs, net.weight, ema.module.weight)


@unit("timm:mixup, losses")
def _() -> Any:
    from timm.data import Mixup
    from timm.loss import (
        AsymmetricLossMultiLabel,
        BinaryCrossEntropy,
        LabelSmoothingCrossEntropy,
        SoftTargetCrossEntropy,
    )

    x, y = Mixup(mixup_alpha=0.8, cutmix_alpha=1.0, num_classes=4)(torch.rand(4, 3, 8, 8), torch.randint(4, (4,)))
    logits = torch.randn(4, 4, requires_grad=True)
    loss = (
        SoftTargetCrossEntropy()(logits, y)
        + LabelSmoothingCrossEntropy()(logits, y.argmax(1))
        + BinaryCrossEntropy()(logits, y.argmax(1))
        + AsymmetricLossMultiLabel()(logits, y.round())
    )
    loss.backward()
    return (x, y, loss, logits.grad)
