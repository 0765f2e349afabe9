"""What suggested-users publishes, in a few lines: python3 suggestions.py FILE, a JSON object with the settings and all rows.

Prints for each user who gets a list its entries, the best first. Nothing is capped but the list.
"""
import json
import math
import sys
from collections import defaultdict


def lists(given):
    users = {user["id"]: user for user in given["users"]}
    present = {id for id, user in users.items() if not user["deleted"] and not user["suspended"]}
    findable = {id for id in present if users[id]["discoverable"]}
    follows, followers, gained = defaultdict(dict), defaultdict(int), defaultdict(int)
    for follow in given["follows"]:
        follows[follow["follower"]][follow["followee"]] = follow["age"]
        followers[follow["followee"]] += 1
        gained[follow["followee"]] += 0 < follow["age"] <= given["month"]
    hidden, apart = defaultdict(set), defaultdict(set)
    for kind, user, target in given["hidden"]:
        hidden[user].add(target)
        if kind in ("block", "mute"):
            apart[user].add(target)
        if kind == "block":
            hidden[target].add(user)
            apart[target].add(user)
    popular = sorted((id for id in gained if gained[id]), key=lambda id: (-gained[id], str(id).encode()))
    for me in sorted(present):
        if users[me]["idle"]:
            continue
        never = {me} | set(follows[me]) | hidden[me]
        sums, common = defaultdict(int), defaultdict(list)
        for friend, age in follows[me].items():
            if friend not in present or friend in apart[me]:
                continue
            for person in follows[friend]:
                sums[person] += round(1_000_000 / math.log(2 + len(follows[friend])))
                common[person].append((age, friend))
        best = [id for id in sums if id not in never and len(common[id]) >= given["min_common"]]
        best = sorted(best, key=lambda id: (-sums[id], id))[:3 * given["limit"]]
        scores = {id: round(sums[id] / math.pow(followers[id], given["damping"])) for id in best if id in findable}
        listed = [{"id": str(id), "score": scores[id], "via": [str(friend) for _, friend in sorted(common[id])[:3]],
                   "reason": "friends"}
                  for id in sorted(scores, key=lambda id: (-scores[id], str(id).encode()))[:given["limit"]]]
        others = [id for id in popular if id in findable and id not in never and str(id) not in {e["id"] for e in listed}]
        if given["cold_start"]:
            listed += [{"id": str(id), "score": 0, "via": [], "reason": "popular"} for id in others]
        yield str(me), listed[:given["limit"]]


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(json.dumps({user: json.dumps(listed, separators=(",", ":")) for user, listed in lists(json.load(file)) if listed}))
