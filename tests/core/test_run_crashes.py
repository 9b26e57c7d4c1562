"""kill -9 at every write step in a run folder: whole lines, whole documents, whole states."""


def test_a_journal_keeps_whole_lines_and_goes_on(sweeper):
    swept = sweeper.sweep("run_scenarios:AppendedEvents")
    assert len(swept.deaths) >= (7 if swept.traced else 2)
    assert swept.after == ["first", "second", "third"]
    kept = [len(death.found) for death in swept.deaths]
    assert kept == sorted(kept)
    assert set(kept) == {1, 2, 3} if swept.traced else set(kept) <= {1, 2, 3}
    for death in swept.deaths:
        assert death.found == swept.after[: len(death.found)], death
        assert death.again == [*death.found, "last"], death


def test_documents_and_states_are_there_whole_or_not_at_all(sweeper):
    sweeper.sweep("run_scenarios:ReplacedDocument").check_old_or_new(5)
    sweeper.sweep("run_scenarios:SavedState").check_old_or_new(14)
