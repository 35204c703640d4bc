#!/usr/bin/env python3
"""Kills `telltale train` with SIGKILL at random moments, resumes, and holds what comes of it against a run that was left alone.

    tests/training/kill_train.py --model DIR [--program build/release/bin/telltale] [--kills 100] [--seed 1] [--set KEY=VALUE …] [--keep]

DIR is a BERT folder of Hugging Face, best a tiny one (reference data: golden/models/tiny-bert/fp32). Not run by ctest: a hundred kills
take about ten minutes. Python 3 with its standard library only. For every kill it checks:
  * the store passes PRAGMA integrity_check and foreign_key_check right after the kill, and again at the end;
  * `telltale resume` ends with exit 0 and status finished (every third one is killed too, and resumed once more);
  * the final weights are those of the unbroken run, byte for byte;
  * every step 1 … n is there once, its terms, gradient norm and documents those of the unbroken run; so are the validations;
  * no half-written checkpoint is left behind.
Prints one JSON document: what was done, how far runs had come when they were killed, and what failed; exit 1 if anything did.
"""
import argparse, json, os, pathlib, random, re, signal, sqlite3, subprocess, sys, tempfile, time

SETTINGS = ["batch=4", "accumulate=2", "epochs=2", "learning_rate=0.002", "max_length=32", "checkpoint_steps=4", "validate_steps=7", "attribution.steps=2", "weight.overlap=1", "dropout.shared=0.5",
            "dropout.hidden=0.1", "dropout.attention=0.1", "dropout.replace=delete", "probe_steps=6", "share_steps=5", "seed=3"]


def posts(path):
    draw = random.Random(7)
    telling, common = {"east": "hockey", "north": "team", "south": "game", "west": "wins"}, "the a of and to in it is on for".split()
    with open(path, "w") as f:
        for k in range(240):
            label = sorted(telling)[k % 4]
            words = [draw.choice(common) for _ in range(2 + draw.randrange(38))]
            words[draw.randrange(len(words))] = telling[label]
            f.write(json.dumps({"text": " ".join(words), "label": label, "split": "train" if k < 200 else "test", "id": str(k)}) + "\n")


class Bench:
    def __init__(self, a, folder):
        self.program, self.model, self.folder, self.more = a.program, a.model, folder, a.set
        self.db = str(folder / "kills.telltale")
        self.failures = []

    def call(self, *arguments):
        return [self.program, *arguments, "--threads", "1"]

    def train(self):
        sets = [x for s in SETTINGS + self.more for x in ("--set", s)]
        return self.call("train", "--db", self.db, "--data", "made", "--model", self.model, "--preset", "contrastive", "--json", *sets)

    def check(self, good, what):
        if not good:
            self.failures.append(what)
            print("FAILED: " + what, file=sys.stderr)

    def rows(self, sql, *values):
        db = sqlite3.connect(self.db, timeout=30)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def whole(self, where):
        self.check(self.rows("PRAGMA integrity_check") == [("ok",)], where + ": integrity_check")
        self.check(self.rows("PRAGMA foreign_key_check") == [], where + ": foreign_key_check")

    def weights(self, run):
        return (self.folder / "kills.telltale.d" / self.rows("SELECT folder FROM runs WHERE id = ?", run)[0][0] / "model.safetensors").read_bytes()

    def curve(self, run):
        return self.rows("SELECT step, epoch, terms, shares, gradient_norm, learning_rate, documents FROM steps WHERE run = ? AND ghost = 0 ORDER BY step", run)

    def validations(self, run):
        return self.rows("SELECT step, split, metrics FROM validations WHERE run = ? AND ghost = 0 ORDER BY step, split", run)

    def newest(self):
        return self.rows("SELECT max(id) FROM runs")[0][0]


def kill_after(command, seconds, log):
    """True if the process was still there to be killed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", default=str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/telltale"))
    p.add_argument("--model", required=True)
    p.add_argument("--kills", type=int, default=100)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one more setting of the run, as train takes it (attribution.graph=kept)")
    p.add_argument("--keep", action="store_true", help="leave the folder and say where it is")
    a = p.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    place = tempfile.mkdtemp(prefix="telltale-kills-")
    b = Bench(a, pathlib.Path(place))
    posts(b.folder / "made.jsonl")
    log = open(b.folder / "log.txt", "w")
    subprocess.run(b.call("data", "import", str(b.folder / "made.jsonl"), "--db", b.db, "--name", "made"), check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    subprocess.run(b.train(), check=True, stdout=subprocess.DEVNULL, stderr=log)
    whole_run = time.monotonic() - began
    unbroken = b.newest()
    weights, curve, validations = b.weights(unbroken), b.curve(unbroken), b.validations(unbroken)
    steps = b.rows("SELECT steps FROM runs WHERE id = ?", unbroken)[0][0]
    b.check([row[0] for row in curve] == list(range(1, steps + 1)), "the unbroken run's own steps")
    draw = random.Random(a.seed)
    killed = too_late = before_the_run = resumes_killed = 0
    came_to = []
    while killed < a.kills:
        last = b.newest()
        # Uniform over a run's life, from its first moment to a little after its end.
        if not kill_after(b.train(), draw.uniform(0, 1.05 * whole_run), log):
            too_late += 1
            continue
        killed += 1
        b.whole(f"kill {killed}")
        run = b.newest()
        if run == last:  # dead before the run was in the file
            before_the_run += 1
            continue
        came_to.append(len(b.curve(run)))
        resume = b.call("resume", "--db", b.db, "--run", str(run), "--json")
        if killed % 3 == 0:
            resumes_killed += kill_after(resume, draw.uniform(0, whole_run), log)
            b.whole(f"kill {killed}, its resume")
        got = subprocess.run(resume, stdout=subprocess.PIPE, stderr=log)
        where = f"kill {killed} (run {run}, killed at step {came_to[-1]})"
        b.check(got.returncode == 0 and json.loads(got.stdout)["status"] == "finished", where + ": resume")
        b.check(b.weights(run) == weights, where + ": weights")
        b.check(b.curve(run) == curve, where + ": steps")
        b.check(b.validations(run) == validations, where + ": validations")
        if killed % 10 == 0:
            print(f"{killed} of {a.kills} kills, {time.monotonic() - began:.0f} s, {len(b.failures)} failures", file=sys.stderr, flush=True)
    b.whole("the end")
    left = sorted(str(f.relative_to(b.folder)) for f in (b.folder / "kills.telltale.d").rglob("*") if ".writing" in f.name or re.search(r"\.(json|safetensors|txt)\.\w{6}$", f.name))
    b.check(not left, f"left behind: {left}")
    print(json.dumps({"kills": killed, "killed_before_the_run_was_stored": before_the_run, "ended_before_the_kill": too_late, "resumes_killed_too": resumes_killed, "steps_of_a_run": steps,
                      "steps_reached_when_killed": sorted(came_to), "seconds_of_an_unbroken_run": round(whole_run, 2), "seconds": round(time.monotonic() - began), "failures": b.failures}, indent=1))
    if a.keep or b.failures:
        print(f"the files are in {place}", file=sys.stderr)
    else:
        subprocess.run(["rm", "-rf", place])
    return 1 if b.failures else 0


if __name__ == "__main__":
    sys.exit(main())
