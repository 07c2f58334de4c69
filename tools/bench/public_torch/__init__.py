"""Public code that learners read, run under real torch and under the browser's: does it run, and are its numbers the same?

The packages come from the registry into a folder of their own, without dependencies (`PACKAGES`), so that neither torch
is replaced. `units.py` says what is run of them, `__main__.py` runs it and writes the table.
"""

PACKAGES = """adabelief-pytorch adan-pytorch axial-attention bert-pytorch byol-pytorch colt5-attention d2l
denoising-diffusion-pytorch einops einx electra-pytorch ema-pytorch entmax g-mlp-pytorch hyper-connections labml
labml-helpers labml-nn linear-attention-transformer lion-pytorch llms-from-scratch local-attention loralib
memory-efficient-attention-pytorch mixture-of-experts mlp-mixer-pytorch nystrom-attention perceiver-pytorch
performer-pytorch prodigyopt product-key-memory pytorch-lamb pytorch-metric-learning pytorch-warmup reformer-pytorch
rotary-embedding-torch schedulefree soft-moe-pytorch st-moe-pytorch tab-transformer-pytorch timm titans-pytorch
torch-einops-utils torch-optimizer torchdiffeq torchtune tqdm vector-quantize-pytorch vit-pytorch
x-transformers""".split()
