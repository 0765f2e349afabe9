#!/usr/bin/env bash
# Commands for Redis: what an application would have counted, of 40 merchants in the last 7 days and today.
for age in 7 6 5 4 3 2 1 0; do
  day=$(date -u -d "$age days ago" +%F)
  for merchant in acme_electronics_2024 bloom:eu bloom:us shop_{01..37}; do
    for metric in queries logins uploads downloads exports webhooks emails seats; do
      echo "INCRBY usage:$merchant:$day:$metric $(((RANDOM % 50) * (RANDOM % 80) + 1))"
      echo "EXPIRE usage:$merchant:$day:$metric 1209600"
    done
  done
done
