-- What an application lets people search for.
create table assets (id bigint primary key, title text, description text, tags text[], deleted_at timestamptz);
create table creators (id bigint primary key, stage_name text, bio text, specialties text[]);
create table projects (id bigint primary key, title text, description text);
create table licenses (id bigint primary key, title text, description text);
create table blog_posts (id bigint primary key, title text, excerpt text, content text, language text);
insert into assets
  select g, (array['Quiet harbour', 'Morning train', 'Glass forest', 'Paper moon'])[1 + g % 4] || ' ' || g, 'A photograph of the series ' || g / 10,
    array[(array['sea', 'city', 'nature', 'night'])[1 + g % 4]], case when g % 50 = 0 then now() end
  from generate_series(1, 2000) g;
insert into creators select g, 'Artist ' || g, 'Works with light and paper', array['photography', 'collage'] from generate_series(1, 50) g;
insert into projects select g, 'Exhibition ' || g, 'Rooms full of photographs' from generate_series(1, 20) g;
insert into licenses values (1, 'Editorial', 'For news and teaching'), (2, 'Commercial', 'For advertising');
insert into blog_posts select g, 'Week ' || g, 'What happened', 'New photographs were hung in week ' || g, 'english' from generate_series(1, 52) g;
