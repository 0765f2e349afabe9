import Postgres

/// Whatever already has the name of something that a plan makes, and was made by no migration.
struct InTheWay {
  private let made: [MadeObject]

  init(of plan: Plan) {
    made = plan.steps.flatMap(\.made).filter {
      [.table, .view, .index].contains($0.kind) && !$0.isOnlyIfMissing
    }
  }

  /// One row for each: `complaint` says what is there and how it differs from what would be made.
  var found: Statement {
    let columns = made.flatMap { object in object.columns.map { (object.name, $0.name, $0.type) } }
    return """
      with made as (
        select name, case when is_in_oneshot then 'oneshot' else current_schema()::text end as schema,
          split_part(name, '.', cardinality(string_to_array(name, '.'))) as plain_name
        from unnest(\(made.map(\.name))::text[], \(made.map(\.isInOneshot))::boolean[]) as m (name, is_in_oneshot)
      ), existing as (
        select made.name, schema, plain_name, c.oid, relkind
        from made
        join pg_namespace n on nspname = schema
        join pg_class c on relnamespace = n.oid and relname = plain_name
      ), needed (name, attname, type) as (
        select name, column_name, format_type(to_regtype(type), null)
        from unnest(
          \(columns.map(\.0))::text[], \(columns.map(\.1))::text[], \(columns.map(\.2))::text[]) as c (name, column_name, type)
      ), actual as (
        select name, attname::text, format_type(atttypid, null) as type
        from existing join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
        where relkind in ('r', 'p', 'f', 'v', 'm')
      ), differences as (
        select name, string_agg(
          case
            when actual.type is null then attname || ' is missing'
            when needed.type is null then attname || ' is unexpected'
            else format('%s is %s, not %s', attname, actual.type, needed.type)
          end, ', ' order by attname) as text
        from (select * from needed where name in (select name from existing)) as needed
        full join (select * from actual where name in (select name from needed)) as actual using (name, attname)
        where actual.type is distinct from needed.type
        group by name
      )
      select format('%s %s.%s is there already', kind, schema, plain_name)
          || case when needed.name is null then '' else coalesce(
            ', and of another shape: ' || differences.text, ' with the same columns, but no migration made it') end as complaint,
        'Rename what is in the way and migrate again, or have the tables made in a separate schema: set search_path, by options=-csearch_path%3DSCHEMA in DATABASE_URL or for the roles.'
          as remedy
      from existing
      left join (select distinct name from needed) as needed using (name)
      left join differences using (name)
      cross join lateral (
        select case relkind when 'r' then 'the table' when 'p' then 'the table' when 'v' then 'the view' when 'i' then 'the index'
          when 'I' then 'the index' when 'm' then 'the materialized view' when 'S' then 'the sequence' when 'f' then 'the foreign table'
          else 'the type' end as kind) as kinds
      order by schema, plain_name
      """
  }
}
