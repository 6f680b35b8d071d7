"""What could not be set right is tried again: soon, then ever later, never for nothing."""

from publish.guard.again import FIRST, LONGEST, MOST, Again


def test_the_pauses_grow_while_it_fails_and_no_further_than_the_longest():
    now = [0.0]
    again = Again(lambda: now[0])
    pauses = []
    for _ in range(12):
        again.add(["a"])
        start = now[0]
        while not (taken := again.take()):
            now[0] += FIRST
        pauses.append(now[0] - start)
        assert taken == {"a"}
    assert pauses[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert pauses[-1] == LONGEST


def test_what_was_set_right_begins_anew():
    now = [0.0]
    again = Again(lambda: now[0])
    for _ in range(5):
        again.add(["a"])
        now[0] += LONGEST
        again.take()
    assert again.take() == set()
    again.add(["b"])
    now[0] += FIRST
    assert again.take() == {"b"}


def test_what_comes_while_it_waits_is_taken_along():
    now = [0.0]
    again = Again(lambda: now[0])
    again.add(["a"])
    again.add(["b"])
    assert again.take() == set()
    now[0] += FIRST
    assert again.take() == {"a", "b"}


def test_nothing_is_no_reason_to_wait():
    again = Again(lambda: 0.0)
    again.add([])
    assert again.take() == set()


def test_it_remembers_so_much_and_no_more():
    again = Again(lambda: 0.0)
    for start in range(0, 3 * MOST, MOST):
        again.add(str(number) for number in range(start, start + MOST))
    assert len(again._paths) == MOST
