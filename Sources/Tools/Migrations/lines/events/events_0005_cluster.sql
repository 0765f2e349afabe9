-- event-drain: which Kafka cluster a position is of.

alter table oneshot.event_positions
  add column cluster text collate "C";
comment on column oneshot.event_positions.cluster is
  'Of a Kafka topic the id of its cluster. A run that finds another one there does not read.';
