{{/* Written by k8s/generate.py from the binaries and k8s/schedules.py. Change those, then `make manifests`. */}}
{{- define "oneshot.facts" }}
{
 "usage-aggregation": {
  "job": "usage-aggregation",
  "summary": "moves usage counters from Redis to Postgres",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "usage-aggregation",
  "lines": [
   "usage"
  ],
  "mayIdle": false,
  "watches": false,
  "files": [
   "USAGE_TARGET"
  ]
 },
 "top-stats": {
  "job": "top-stats",
  "summary": "publishes leaderboards from Postgres in Redis",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "top-stats",
  "lines": [
   "boards"
  ],
  "mayIdle": false,
  "watches": false,
  "files": [
   "TOP_STATS_BOARDS_DIR"
  ]
 },
 "trending-1h": {
  "job": "trending",
  "summary": "publishes the posts that are trending now to Redis",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "trending:windows-1h",
  "lines": [],
  "mayIdle": false,
  "watches": false,
  "files": [
   "TRENDING_SOURCES_DIR"
  ]
 },
 "trending-24h": {
  "job": "trending",
  "summary": "publishes the posts that are trending now to Redis",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "trending:windows-24h",
  "lines": [],
  "mayIdle": false,
  "watches": false,
  "files": [
   "TRENDING_SOURCES_DIR"
  ]
 },
 "trending-7d": {
  "job": "trending",
  "summary": "publishes the posts that are trending now to Redis",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "trending:windows-7d",
  "lines": [],
  "mayIdle": false,
  "watches": false,
  "files": [
   "TRENDING_SOURCES_DIR"
  ]
 },
 "metrics-rollups": {
  "job": "metrics-rollups",
  "summary": "keeps hourly, daily, weekly and monthly rollups of metric events",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "metrics-rollups",
  "lines": [
   "rollups"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "ROLLUPS_SOURCES_DIR"
  ]
 },
 "reindex": {
  "job": "reindex",
  "summary": "keeps full-text search documents true to their sources",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "reindex",
  "lines": [
   "search"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "REINDEX_ENTITIES_DIR"
  ]
 },
 "reindex-pending": {
  "job": "reindex",
  "summary": "keeps full-text search documents true to their sources",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "reindex:pending",
  "lines": [
   "search"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "REINDEX_ENTITIES_DIR"
  ]
 },
 "reindex-rebuild": {
  "job": "reindex",
  "summary": "keeps full-text search documents true to their sources",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "reindex:rebuild",
  "lines": [
   "search"
  ],
  "mayIdle": false,
  "watches": false,
  "files": [
   "REINDEX_ENTITIES_DIR"
  ]
 },
 "event-drain": {
  "job": "event-drain",
  "summary": "passes durable events to their handlers, each once",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "event-drain",
  "lines": [
   "events",
   "fraud",
   "notifications",
   "rewards",
   "rollups",
   "search",
   "waitlist"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "EVENTS_HANDLERS_DIR",
   "KAFKA_PROPERTIES_FILE"
  ]
 },
 "publish-scheduled": {
  "job": "publish-scheduled",
  "summary": "publishes posts when they are due, each once and with its event",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "publish-scheduled",
  "lines": [
   "events"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "PUBLISH_GUARD"
  ]
 },
 "notification-delivery": {
  "job": "notification-delivery",
  "summary": "decides where each notification goes, once: shown, by e-mail, by webhook, into a digest",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "notification-delivery",
  "lines": [
   "delivery",
   "notifications"
  ],
  "mayIdle": true,
  "watches": false,
  "files": []
 },
 "outbox-delivery": {
  "job": "outbox-delivery",
  "summary": "sends mail and webhooks that are due, each attempt committed before anything is sent",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "outbox-delivery",
  "lines": [
   "delivery"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "MAIL_CA_FILE",
   "MAIL_TEMPLATES_DIR",
   "WEBHOOK_CA_FILE"
  ]
 },
 "waitlist-positions": {
  "job": "waitlist-positions",
  "summary": "gives waitlist entries their places, and notifies those who have moved",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "waitlist-positions",
  "lines": [
   "events",
   "waitlist"
  ],
  "mayIdle": true,
  "watches": false,
  "files": []
 },
 "notification-digest": {
  "job": "notification-digest",
  "summary": "makes one mail of a day's or a week's notifications, at an hour in the user's time zone",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "notification-digest",
  "lines": [
   "delivery",
   "notifications"
  ],
  "mayIdle": true,
  "watches": false,
  "files": []
 },
 "reward-delivery": {
  "job": "reward-delivery",
  "summary": "gives rewards their codes, each one once, and requests the messages to their owners",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "reward-delivery",
  "lines": [
   "delivery",
   "notifications",
   "rewards"
  ],
  "mayIdle": true,
  "watches": false,
  "files": []
 },
 "media-previews": {
  "job": "media-previews",
  "summary": "makes previews of the films and sound files that were uploaded",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "media-previews",
  "lines": [
   "events",
   "previews"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "PREVIEWS_CA_FILE",
   "PREVIEWS_FFMPEG",
   "PREVIEWS_FFPROBE"
  ]
 },
 "cache-warmer": {
  "job": "cache-warmer",
  "summary": "keeps the feeds of the most active users in Redis, computed before they are requested",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "cache-warmer",
  "lines": [],
  "mayIdle": true,
  "watches": false,
  "files": [
   "WARM_RANKING"
  ]
 },
 "fraud-detection": {
  "job": "fraud-detection",
  "summary": "checks new sign-ups of a waitlist, and holds back those that a person has to decide on",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "fraud-detection",
  "lines": [
   "events",
   "fraud"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "FRAUD_CHECKS_DIR",
   "FRAUD_DOMAINS_FILE"
  ]
 },
 "suggested-users": {
  "job": "suggested-users",
  "summary": "keeps a list of people to follow for each user",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "suggested-users",
  "lines": [
   "suggestions"
  ],
  "mayIdle": true,
  "watches": false,
  "files": [
   "SUGGEST_SOURCES_DIR"
  ]
 },
 "stage-table": {
  "job": "stage-table",
  "summary": "brings rows from stdin, a file or a program into a table, all of them or none",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "stage-table:of-post_tallies",
  "lines": [],
  "mayIdle": false,
  "watches": false,
  "files": []
 },
 "job-doctor": {
  "job": "job-doctor",
  "summary": "finds what is wrong with the runs of all jobs, and reports it",
  "stops": 10,
  "final": [
   64,
   65,
   77,
   78
  ],
  "ledger": "job-doctor",
  "lines": [],
  "mayIdle": false,
  "watches": true,
  "files": [
   "DOCTOR_WEBHOOK_CA_FILE",
   "DOCTOR_MAIL_CA_FILE"
  ]
 }
}
{{- end }}
