"""Pipeline schedules against the closed forms, what a pass must wait for, and timelines by hand."""

from dataclasses import FrozenInstanceError
from itertools import pairwise

import pytest

from snippets.essence import pipeline_bubble as essence
from snippets.pipeline_bubble import Pass, bubble, draw, gpipe, kept_activations, one_f_one_b, simulate

SIZES = [(1, 1), (1, 5), (2, 1), (2, 2), (3, 7), (4, 4), (4, 8), (5, 3), (8, 16)]


@pytest.mark.parametrize("schedule", [gpipe, one_f_one_b])
@pytest.mark.parametrize(("stages", "microbatches"), SIZES)
@pytest.mark.parametrize(("forward", "backward"), [(1.0, 2.0), (1.0, 1.0), (3.0, 1.0)])
def test_bubble_is_p_minus_1_over_m(schedule, stages, microbatches, forward, backward):
    timeline = simulate(schedule(stages, microbatches), forward, backward)
    assert bubble(timeline) == pytest.approx((stages - 1) / microbatches)
    end = max(run.end for runs in timeline for run in runs)
    assert end == (microbatches + stages - 1) * (forward + backward)


@pytest.mark.parametrize(("stages", "microbatches"), SIZES)
def test_activations_kept(stages, microbatches):
    assert kept_activations(simulate(gpipe(stages, microbatches))) == [microbatches] * stages
    expected = [min(stages - stage, microbatches) for stage in range(stages)]
    assert kept_activations(simulate(one_f_one_b(stages, microbatches))) == expected


@pytest.mark.parametrize("schedule", [gpipe, one_f_one_b])
@pytest.mark.parametrize(("stages", "microbatches"), SIZES)
def test_every_pass_runs_once_after_what_it_needs_and_never_two_at_a_time(schedule, stages, microbatches):
    timeline = simulate(schedule(stages, microbatches), forward=1.0, backward=1.5)
    runs = {(run.kind, run.microbatch, stage): run for stage, row in enumerate(timeline) for run in row}
    assert len(runs) == sum(map(len, timeline)) == 2 * stages * microbatches
    for (kind, number, stage), run in runs.items():
        assert run.end - run.start == (1.0 if kind == "F" else 1.5)
        if kind == "F" and stage > 0:
            assert runs["F", number, stage - 1].end <= run.start
        if kind == "B":
            assert runs["F", number, stage].end <= run.start
        if kind == "B" and stage < stages - 1:
            assert runs["B", number, stage + 1].end <= run.start
    for row in timeline:
        assert all(before.end <= after.start for before, after in pairwise(row))


def test_two_stages_and_two_microbatches_by_hand():
    """Forward 1, backward 2. 1F1B: stage 1 gets F0 at 1, B0 at 2; stage 0 runs F1 in [1, 2] and waits for B0 until 4.

    Stage 0: F0 F1 . . B0 B0 . B1 B1; stage 1: . F0 B0 B0 F1 B1 B1. Stage 0 is idle for 3 of 9: 3 / 6 = (2 - 1) / 2.
    """
    timeline = simulate(one_f_one_b(2, 2))
    assert [(run.kind, run.microbatch, run.start, run.end) for run in timeline[0]] == [
        ("F", 0, 0, 1),
        ("F", 1, 1, 2),
        ("B", 0, 4, 6),
        ("B", 1, 7, 9),
    ]
    assert draw(timeline) == "01..aa.bb\n.0aa1bb.."
    assert bubble(timeline) == 0.5


def test_gpipe_drawn_by_hand():
    """Stage 1 is done with B0 at 4: stage 0 waits for it from 2 on."""
    assert draw(simulate(gpipe(2, 2), 1, 1)) == "01..ab\n.01ab."


def test_marks_repeat_after_ten_microbatches():
    assert draw(simulate(gpipe(1, 11), 1, 1)) == "01234567890abcdefghija"


def test_orders_have_no_times_and_stages_may_share_their_passes():
    order = [Pass("F", 0, 0.0, 0.0), Pass("B", 0, 0.0, 0.0)]
    assert gpipe(2, 1) == [order, order]
    with pytest.raises(FrozenInstanceError):
        order[0].start = 1.0


def test_a_backward_pass_gives_back_one_activation():
    assert kept_activations([[Pass("F", 0), Pass("B", 0), Pass("F", 1), Pass("F", 2)]]) == [2]


def test_slowest_stage_decides_the_bubble():
    """A stage without work in the middle of the step is the worst one."""
    runs = [[Pass("F", 0, 0, 4)], [Pass("F", 0, 4, 5)]]
    assert bubble(runs) == 4.0


def test_orders_that_can_never_run_are_refused():
    with pytest.raises(ValueError, match="wait for one another"):
        simulate([[Pass("B", 0), Pass("F", 0)]])


@pytest.mark.parametrize("schedule", [gpipe, one_f_one_b])
@pytest.mark.parametrize("sizes", [(0, 1), (1, 0)])
def test_empty_pipelines_are_refused(schedule, sizes):
    with pytest.raises(ValueError, match="below 1"):
        schedule(*sizes)


@pytest.mark.parametrize(("stages", "microbatches"), [(1, 1), (4, 6), (5, 2)])
def test_essence_is_the_module(stages, microbatches):
    timeline = simulate(gpipe(stages, microbatches), forward=1.0, backward=2.5)
    assert essence.gpipe(stages, microbatches, 1.0, 2.5) == max(run.end for runs in timeline for run in runs)
    assert essence.bubble(stages, microbatches, 1.0, 2.5) == pytest.approx(bubble(timeline))
