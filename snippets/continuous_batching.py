r"""Continuous batching: a new batch every step

Answers differ in length, and a batch that waits for its longest one leaves places idle. A scheduler that decides anew
before every step lets who has finished leave and who waits come in. A long prompt would hold up everybody's next
token, so it enters in chunks: a step has a budget of tokens, one for each answer being written, and prompts get what
is left.

$$
\text{tokens of a step} = \underbrace{\#\{\text{decoding}\}}_{\text{one each}}
+ \underbrace{\sum \text{chunks of prompts}}_{\text{what is left}} \le \text{budget}, \qquad
\mathrm{TTFT} = t_{\text{first}} - t_{\text{arrival}}, \qquad
\mathrm{TPOT} = \frac{t_{\text{last}} - t_{\text{first}}}{n - 1}
$$

Papers: [Orca](https://www.usenix.org/conference/osdi22/presentation/yu), its S1 (iteration-level scheduling);
[Sarathi-Serve](https://arxiv.org/abs/2403.02310), section 4 (chunked prefill).

Letters: `n` tokens of an answer; times are in whatever unit `cost` counts. Which blocks of memory hold the keys and
values is [paged attention](https://arxiv.org/abs/2309.06180)'s business, not this file's.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch


# --8<-- [start:core]
@dataclass
class Request:
    """What one user asks for, and how far it is.

    Attributes:
        prompt: Its tokens, at least one.
        max_tokens: Tokens of the answer, at least one; vLLM's `max_tokens`.
        arrival: When it comes.
        answer: Tokens written so far.
        times: When each of them was there.
        computed: Tokens, of prompt and answer, whose keys and values are in the cache.
    """

    prompt: Sequence[int]
    max_tokens: int
    arrival: float = 0.0
    answer: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    computed: int = 0

    @property
    def tokens(self) -> list[int]:
        """Prompt and answer so far."""
        return [*self.prompt, *self.answer]

    @property
    def done(self) -> bool:
        """Whether the answer is whole."""
        return len(self.answer) >= self.max_tokens

    @property
    def ttft(self) -> float:
        """Time to the first token."""
        return self.times[0] - self.arrival

    @property
    def tpot(self) -> float:
        """Mean time for each further token; 0 where there is none."""
        return (self.times[-1] - self.times[0]) / max(len(self.times) - 1, 1)


@dataclass(frozen=True)
class Slice:
    """Tokens of one request that take part in a step: `start` to `start + count` of its `tokens`."""

    request: Request
    start: int
    count: int


Forward = Callable[[list[Slice]], list[int]]  # a step of the model: the next token after each slice
Cost = Callable[[int], float]  # how long a step of so many tokens takes


class Scheduler:
    """Says what the next step computes: first come, first served, decoding before prompts.

    Args:
        budget: Tokens of a step, at least `max_num_seqs`; vLLM's `max_num_batched_tokens`.
        max_num_seqs: Requests in work at once, at least 1.
        chunked: Let a prompt in piece by piece. Off: a prompt enters whole, once a step has room for all of it.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, budget: int, max_num_seqs: int, chunked: bool = True) -> None:
        if not 1 <= max_num_seqs <= budget:
            raise ValueError(f"max_num_seqs {max_num_seqs} is not 1 to the budget {budget}")
        self.budget, self.max_num_seqs, self.chunked = budget, max_num_seqs, chunked
        self.waiting: deque[Request] = deque()
        self.running: list[Request] = []

    def add(self, request: Request) -> None:
        """Put a request at the end of the queue.

        Raises:
            ValueError: If it has no prompt, wants no token, or could never enter.
        """
        if not request.prompt or request.max_tokens < 1:
            raise ValueError("a request needs a prompt and at least one token of answer")
        if not self.chunked and len(request.prompt) > self.budget:
            raise ValueError(f"a prompt of {len(request.prompt)} never fits into a budget of {self.budget}")
        self.waiting.append(request)

    def schedule(self) -> list[Slice]:
        """The slices of the next step; empty where nobody is left."""
        self.running = [request for request in self.running if not request.done]
        room = self.budget
        slices = []
        for request in sorted(
            self.running, key=lambda one: len(one.tokens) - one.computed > 1
        ):  # stable: decoding first
            count = min(len(request.tokens) - request.computed, room)
            slices += [Slice(request, request.computed, count)] if count else []
            room -= count
        while self.waiting and len(self.running) < self.max_num_seqs and room:
            length = len(self.waiting[0].prompt)
            if length > room and not self.chunked:
                break
            request = self.waiting.popleft()
            self.running.append(request)
            slices.append(Slice(request, 0, min(length, room)))
            room -= slices[-1].count
        return slices


def serve(
    requests: Sequence[Request], scheduler: Scheduler, forward: Forward, cost: Cost = lambda tokens: 1.0
) -> list[int]:
    """Serve all requests; their `answer` and `times` are filled in.

    Args:
        requests: In the order of their arrival.
        scheduler: An empty one.
        forward: Given the slices of a step, the token that follows the last token of each.
        cost: Time of a step from its number of tokens.

    Returns:
        Tokens computed in each step.

    Raises:
        ValueError: If requests are not in the order of arrival.
    """
    if any(late.arrival < early.arrival for early, late in pairwise(requests)):
        raise ValueError("requests are not in the order of their arrival")
    coming, now, sizes = deque(requests), 0.0, []
    while True:
        while coming and coming[0].arrival <= now:
            scheduler.add(coming.popleft())
        slices = scheduler.schedule()
        if not slices:
            if not coming:
                return sizes
            now = coming[0].arrival  # nothing to do until then
            continue
        sizes.append(sum(one.count for one in slices))
        now += cost(sizes[-1])
        for one, token in zip(slices, forward(slices), strict=True):
            one.request.computed += one.count
            if one.request.computed == len(one.request.tokens):  # a prompt that is not through yet has no next token
                one.request.answer.append(token)
                one.request.times.append(now)


def static_steps(lengths: Sequence[int], batch: int) -> int:
    """Steps of decoding if a batch must be written to its end before the next one starts."""
    return sum(max(lengths[start : start + batch]) for start in range(0, len(lengths), batch))


# --8<-- [end:core]


def demo() -> None:
    """Eight answers of very different lengths, four at a time: steps, and how full they are."""
    lengths = torch.randint(1, 30, (8,), generator=torch.Generator().manual_seed(0)).tolist()
    requests = [Request([1], length) for length in lengths]
    sizes = serve(requests, Scheduler(budget=4, max_num_seqs=4), forward=lambda slices: [0] * len(slices))
    for name, steps in (("static", static_steps(lengths, 4)), ("continuous", len(sizes))):
        print(f"{name:10} {steps} steps, {sum(lengths) / steps / 4:.0%} full")


if __name__ == "__main__":
    demo()
