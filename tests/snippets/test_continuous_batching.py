"""Continuous batching against transformers' `generate` request by request, list scheduling, and steps by hand."""

import heapq
from itertools import pairwise

import pytest
import torch

from snippets.continuous_batching import Request, Scheduler, serve, static_steps
from snippets.essence import continuous_batching as essence


def zeros(slices):
    return [0] * len(slices)


def some(count, longest, seed):
    """Requests of mixed lengths, arriving now and then."""
    draw = torch.Generator().manual_seed(seed)
    numbers = torch.randint(1, longest + 1, (count, 3), generator=draw).tolist()
    arrival, requests = 0.0, []
    for prompt, answer, wait in numbers:
        arrival += wait // 2
        requests.append(Request(list(range(prompt)), answer, arrival))
    return requests


@pytest.mark.parametrize("chunked", [True, False])
def test_answers_are_those_of_each_request_alone(chunked):
    from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=31, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        eos_token_id=None, bos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    requests = some(6, 9, seed=1)
    caches = {id(request): DynamicCache(config=config) for request in requests}

    @torch.no_grad()
    def forward(slices):
        tokens = []
        for one in slices:
            inputs = torch.tensor([one.request.tokens[one.start : one.start + one.count]])
            cache = caches[id(one.request)]
            assert cache.get_seq_length() == one.start  # nothing is computed twice, nothing left out
            logits = model(
                inputs, cache=cache, position_ids=torch.arange(one.start, one.start + one.count)[None]
            ).logits
            tokens.append(logits[0, -1].argmax().item())
        return tokens

    serve(requests, Scheduler(budget=10, max_num_seqs=3, chunked=chunked), forward)
    for request in requests:
        prompt = torch.tensor([list(request.prompt)])
        alone = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=request.max_tokens, do_sample=False
        )
        assert request.answer == alone[0, prompt.shape[1] :].tolist()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("budget", "seqs", "chunked"), [(4, 4, True), (7, 3, True), (9, 1, True), (12, 5, False)])
def test_every_token_is_computed_once_within_the_budget(seed, budget, seqs, chunked):
    requests, seen = some(9, 8, seed), {}

    def forward(slices):
        assert 0 < sum(one.count for one in slices) <= budget
        assert len(slices) == len({id(one.request) for one in slices}) <= seqs
        for one in slices:
            assert seen.get(id(one.request), 0) == one.start
            assert one.count > 0
            assert chunked or one.start or one.count == len(one.request.prompt)
            seen[id(one.request)] = one.start + one.count
        return zeros(slices)

    sizes = serve(requests, Scheduler(budget, seqs, chunked), forward)
    assert all(len(request.answer) == len(request.times) == request.max_tokens for request in requests)
    assert sum(sizes) == sum(len(one.prompt) + one.max_tokens - 1 for one in requests)  # the last token is not read
    first = [request.times[0] for request in requests]
    assert first == sorted(first)  # first come, first served
    assert all(request.ttft > 0 for request in requests)


@pytest.mark.parametrize("seed", range(4))
def test_steps_are_those_of_list_scheduling(seed):
    """Prompts of one token, all there at once: whoever has a place works one step a token, as on machines."""
    lengths = torch.randint(1, 20, (11,), generator=torch.Generator().manual_seed(seed)).tolist()
    free = [0] * 3
    for length in lengths:
        heapq.heappush(free, heapq.heappop(free) + length)
    steps = serve([Request([1], length) for length in lengths], Scheduler(3, 3), zeros)
    assert len(steps) == max(free) <= static_steps(lengths, 3)


def test_static_batches_by_hand():
    """5 and 1 together take 5, 2 and 2 take 2, 7 alone 7; in the right order 1 and 2, 2 and 5, 7 take 2 + 5 + 7."""
    assert static_steps([5, 1, 2, 2, 7], 2) == 14
    assert static_steps([1, 2, 2, 5, 7], 2) == 14
    assert static_steps([4, 4], 2) == 4
    assert static_steps([], 2) == 0


def test_times_by_hand():
    """Steps of one each. A (prompt 2, answer 3) arrives at 0, B (prompt 3, answer 2) at 1.5; budget 3.

    Step 1 reads A's prompt, first token at 1. Step 2 is A alone, token 2 at 2. Step 3: A's last and 2 of B's prompt, at
    3. Step 4: B's third, its first token at 4. Step 5: B's second at 5.
    """
    a, b = Request([5, 6], 3), Request([7, 8, 9], 2, arrival=1.5)
    assert serve([a, b], Scheduler(3, 2), zeros) == [2, 1, 3, 1, 1]
    assert (a.times, b.times) == ([1, 2, 3], [4, 5])
    assert (a.ttft, a.tpot, b.ttft, b.tpot) == (1, 1, 2.5, 1)
    assert Request([1], 1, times=[3.0]).tpot == 0


def test_long_prompt_holds_nobody_up_when_it_comes_in_chunks():
    """A step costs what it computes. Whole, the prompt of 50 makes one step of 51; in chunks none is over 8."""
    gaps = {}
    for chunked in (False, True):
        writer, reader = Request([1], 20), Request([1] * 50, 2, arrival=3)
        scheduler = Scheduler(8 if chunked else 64, 2, chunked)
        serve([writer, reader], scheduler, zeros, cost=float)
        gaps[chunked] = max(late - early for early, late in pairwise(writer.times))
    assert gaps == {False: 51, True: 8}


def test_server_sleeps_until_somebody_comes():
    late = Request([1], 1, arrival=100)
    serve([Request([1], 1), late], Scheduler(1, 1), zeros)
    assert late.times == [101]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Scheduler(3, 4), "max_num_seqs 4"),
        (lambda: Scheduler(3, 0), "max_num_seqs 0"),
        (lambda: Scheduler(3, 1).add(Request([], 1)), "needs a prompt"),
        (lambda: Scheduler(3, 1).add(Request([1], 0)), "at least one token"),
        (lambda: Scheduler(3, 1, chunked=False).add(Request([1] * 4, 1)), "a prompt of 4 never fits"),
        (lambda: serve([Request([1], 1, 2.0), Request([1], 1, 1.0)], Scheduler(1, 1), zeros), "order"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("seed", range(4))
def test_essence_takes_the_steps_of_the_module(seed):
    draw = torch.Generator().manual_seed(seed)
    prompts = torch.randint(1, 12, (7,), generator=draw).tolist()
    answers = torch.randint(1, 6, (7,), generator=draw).tolist()
    expected = serve([Request([1] * p, n) for p, n in zip(prompts, answers, strict=True)], Scheduler(6, 3), zeros)
    assert essence.serve(prompts, answers, budget=6, max_num_seqs=3) == expected
