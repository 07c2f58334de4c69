"""Public code that learners read, run under real torch and under the browser's: does it run, and are its numbers
the same?

The packages come from the registry into a folder of their own, without dependencies (`PACKAGES`), so that neither torch
is replaced. `units.py` says what is run of them, `compare.py` runs it.
"""

PACKAGES = """adabelief-pytorch adan-pytorch assoc-scan axial-attention axial-positional-embedding bert-pytorch d2l
denoising-diffusion-pytorch einops einx ema-pytorch entmax frozendict g-mlp-pytorch hyper-connections
labml==0.4.168 gitpython gitdb smmap labml-helpers labml-nn linear-attention-transformer linformer
lion-pytorch llms-from-scratch local-attention loralib memory-efficient-attention-pytorch mixture-of-experts
mlp-mixer-pytorch nystrom-attention perceiver-pytorch performer-pytorch prodigyopt product-key-memory
pytorch-lamb pytorch-metric-learning pytorch-ranger pytorch-warmup reformer-pytorch rotary-embedding-torch
schedulefree soft-moe-pytorch tab-transformer-pytorch tabulate timm discrete-continuous-embed-readout
torch-einops-utils torch-optimizer torchdiffeq torchtune tqdm vector-quantize-pytorch vit-pytorch
x-mlps-pytorch x-transformers captum conformer came-pytorch dadaptation efficientnet-pytorch egnn-pytorch
flow-matching galore-torch geoopt grokfast-pytorch h-transformer-1d higher kornia lambda-networks mambapy
megabyte-pytorch memory-transformer-xl mogrifier mingru-pytorch native-sparse-attention-pytorch pykan
pytorch-crf pytorch-forecasting pytorch-msssim pytorch-optimizer pytorch-tabnet pytorch-tcn
rectified-flow-pytorch routing-transformer sinkhorn-transformer snntorch taylor-series-linear-attention
torchcrf torchinfo torchmetrics lightning-utilities torchscale torchsde trampoline boltons x-clip x-unet
yet-another-retnet zuko""".split()
