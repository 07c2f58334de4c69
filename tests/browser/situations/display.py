"""What notebooks import to show things."""
import torch
from IPython.display import HTML, Markdown, clear_output, display
from IPython import display as ipd

for i in range(3):
    clear_output(wait=True)
    print("step", i)
display(torch.ones(2))
ipd.clear_output()
print("shown")
