"""A secret file under contention: whoever comes second takes what the first wrote."""

from __future__ import annotations

import threading

from tollwayd.security.secret_file import read_or_create


def test_of_many_makers_at_once_exactly_one_wins_and_all_read_its_secret(tmp_path):
    path = tmp_path / "secret"
    all_missed_it = threading.Barrier(8)
    results = []

    def run(number: int) -> None:
        def make() -> str:
            all_missed_it.wait(10)
            return f"secret {number}"

        results.append(read_or_create(path, make))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({text for text, _ in results}) == 1
    assert sum(created for _, created in results) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
