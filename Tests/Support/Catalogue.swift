/// A place with an application's things that people look for, and the real binary that indexes them.
package struct Catalogue: JobFixture {
  package static let job = "reindex"

  package let place: Place

  /// Each run is for another slot.
  package var settings: [String: String] { [:] }

  /// Makes the tables, empty.
  package init(on servers: PrivateServers? = nil) async throws {
    place = try await Place(on: servers)
    try await place.execute(
      """
      create table assets (
        id bigint primary key, title text, description text, tags text[], deleted_at timestamptz, language text);
      create table creators (
        id uuid primary key default gen_random_uuid(), stage_name text, bio text, specialties text);
      create table projects (id integer primary key, title text, description text, deleted_at timestamptz);
      create table licenses (id text primary key, title text, description text);
      create table blog_posts (id bigint primary key, title text, excerpt text, content text, language text);
      create function words(count integer, seed integer) returns text immutable language sql as $$
        select string_agg((array[
          'mountains', 'running', 'sunset', 'the', 'river', 'painted', 'a', 'photographs', 'blue', 'ocean', 'forest',
          'cities', 'light', 'of', 'portrait', 'winter', 'häuser', 'Straße', 'gelaufen', '2025', 'e-mail', 'crème',
          '日本', '🎨', 'O''Brien', 'C++', 'night'])[1 + abs(hashint8(seed::bigint * 1000 + g)) % 27], ' ')
        from generate_series(1, count) g $$;
      """)
  }

  /// Fills all tables with documents of every shape: nulls, empty texts, two languages, deleted ones.
  package func fill(_ count: Int = 60) async throws {
    try await place.execute(
      """
      insert into assets select g * 3, words(3, g), case when g % 5 > 0 then words(30, g + 1000) end,
          case g % 4 when 0 then null when 1 then '{}' else array['tag' || g % 7, 'two words'] end,
          case when g % 11 = 0 then now() end, case when g % 6 = 0 then 'German' end
        from generate_series(1, \(count)) g;
      insert into creators (stage_name, bio, specialties)
        select words(2, g + 5000), nullif(words(g % 9, g), ''), words(2, g + 9000) from generate_series(1, \(count)) g;
      insert into projects select g, words(4, g + 1), '', case when g % 7 = 0 then now() end
        from generate_series(1, \(count)) g;
      insert into licenses select 'licence ' || chr(64 + g % 26) || g, words(2, g), words(12, g)
        from generate_series(1, \(count)) g;
      insert into blog_posts select g, words(5, g), words(9, g + 2), words(80, g + 3),
          case when g % 3 = 0 then 'french' end
        from generate_series(1, \(count)) g;
      """)
  }

  /// What the index should hold, by a query that is obviously right.
  package static let plain = """
    select 'asset' as entity, id::text as entity_id, lower(coalesce(language, 'english')) as language,
      title as a, description as b, array_to_string(tags, chr(10)) as c from assets where deleted_at is null
    union all select 'creator', id::text, 'english', stage_name, bio, specialties from creators
    union all select 'project', id::text, 'english', title, description, null from projects where deleted_at is null
    union all select 'license', id, 'english', title, description, null from licenses
    union all select 'blog_post', id::text, coalesce(language, 'english'), title, excerpt, content from blog_posts
    """

  private static let wanted = """
    select entity, entity_id, language, oneshot.search_document(a, b, c) as document
    from (\(plain)) as plain
    """

  /// What is wrong in the index, or in what it should hold and does not: none when all is right.
  ///
  /// - Parameter condition: which documents are looked at.
  package func differences(where condition: String = "true") async throws -> [[String]] {
    try await place.rows(
      """
      select * from (
        select 'index' as where_it_is, entity, entity_id, language, document::text from (
          select entity, entity_id, language, document from search_documents except \(Self.wanted)) as too_many
        union all
        select 'source', entity, entity_id, language, document::text from (
          \(Self.wanted) except select entity, entity_id, language, document from search_documents) as too_few
      ) as differences where \(condition) limit 5
      """)
  }
}
