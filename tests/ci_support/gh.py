"""GitHub's command line as far as the workflow uses it: it answers from answers.json and notes its calls in calls."""

import json
import os
import sys

import jq

words = sys.argv[1:]
flags = {}
plain = []
while words:
    word = words.pop(0)
    if word in ("--paginate", "--silent"):
        continue
    if word.startswith("--"):
        flags[word] = words.pop(0)
    else:
        plain.append(word)

with open("calls", "a", encoding="utf-8") as calls:
    if plain[:2] == ["run", "download"]:
        print("download", plain[2], flags["--name"], file=calls)
        os.makedirs(flags["--dir"], exist_ok=True)
        for name in ("plan.json", "comment.md"):
            with open(os.path.join(flags["--dir"], name), "w", encoding="utf-8") as file:
                file.write("of the pull request\n")
        sys.exit()
    assert plain[0] == "api", plain
    if "--method" in flags:
        key, _, file = flags["--field"].partition("=@")
        with open(file, encoding="utf-8") as body:
            print(flags["--method"], plain[1], key, body.read().strip(), file=calls)
        sys.exit()

with open("answers.json", encoding="utf-8") as file:
    answers = json.load(file)
for found in jq.compile(flags["--jq"]).input_value(answers[plain[1]]).all():
    print(found if isinstance(found, str) else json.dumps(found))
