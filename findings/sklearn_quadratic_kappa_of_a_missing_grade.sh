#!/usr/bin/env bash
# The quadratic kappa of grades is another number where one grade does not occur among the images.
#
# One would expect: cohen_kappa_score(weights="quadratic") weighs a mistake by the square of the distance between the two
# grades. Grades 1 and 3 are two apart.
# What happens: scikit-learn takes the distance between the places of the grades in the list of those that occur. Where no
# image has grade 2, in truth and answers, 1 and 3 are neighbours, and a mistake between them costs a quarter. The result
# is too high or too low, by whatever else was mistaken. The same with the numbers 0, 10, 20 and 100: 20 and 100 are as
# near as 0 and 10. labels=range(5) gives the right kappa; without it there is no warning.
# Why it matters: in a fold, a hospital, a bootstrap sample or a small test set a rare grade is often missing; kappas on two
# different scales are then averaged and compared.
# Versions: scikit-learn 1.9.1, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 numpy==2.4.6

cat > "$folder/kappa.py" <<'PYTHON'
import sys
import warnings

import numpy as np
from sklearn.metrics import cohen_kappa_score

warnings.simplefilter("error")


def by_definition(truth, answers):
    """1 - observed ÷ expected square of the difference between the numbers themselves."""
    expected = np.mean((truth[:, None] - answers[None]) ** 2)
    return 1 - np.mean((truth - answers) ** 2) / expected


def rounded(truth, answers):
    """By scikit-learn, with all grades named, and by the definition."""
    kappas = (
        cohen_kappa_score(truth, answers, weights="quadratic"),
        cohen_kappa_score(truth, answers, weights="quadratic", labels=range(5)),
        by_definition(truth, answers),
    )
    return [round(float(kappa), 4) for kappa in kappas]


random = np.random.default_rng(0)
truth = random.integers(0, 5, 400)
answers = np.clip(truth + random.choice([-2, -1, 0, 0, 0, 1, 2], 400), 0, 4)
without = (truth != 2) & (answers != 2)
seen = {"all grades": rounded(truth, answers), "grade 2 missing": rounded(truth[without], answers[without])}
few = np.array([0, 0, 0, 1, 1, 1, 3, 3, 3, 3]), np.array([0, 0, 1, 1, 1, 3, 3, 3, 1, 3])
seen["ten images"] = rounded(*few)
for name, (plain, named, defined) in seen.items():
    print(f"{name}: {plain}, with labels=range(5) {named}, by the definition {defined}")
ends = cohen_kappa_score([0, 10, 20, 100], [0, 10, 100, 20], weights="quadratic")
same = cohen_kappa_score([0, 1, 2, 3], [0, 1, 3, 2], weights="quadratic")
print(f"20 and 100 mistaken: {ends:.4f}; 2 and 3 mistaken: {same:.4f}")
right = len(set(seen.pop("all grades"))) == 1 and all(named == defined for _, named, defined in seen.values())
wrong = [round(plain - named, 2) for plain, named, _ in seen.values()]  # too low, too high
sys.exit(0 if right and wrong == [-0.02, 0.05] and ends == same else 1)
PYTHON
"$folder/venv/bin/python" "$folder/kappa.py" || { echo "changed"; exit 1; }
