-- reindex: what of a column a person reads: of lists each element, of JSON each string, of markup what a browser shows.

-- What an entity says to be HTML or XML (oneshot.search_markup).
create type oneshot.search_markup as (markup text);

-- The character that a reference stands for (&eacute;, &#233;), by its name or number: one of HTML's names of letters. Other
-- characters, and those that this database's encoding does not have, are a blank.
create function oneshot.search_reference(name text) returns text language plpgsql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- From 160 on, and from 913 on; 930 is no letter.
  latin constant text[] := '{
    nbsp,iexcl,cent,pound,curren,yen,brvbar,sect,uml,copy,ordf,laquo,not,shy,reg,macr,deg,plusmn,sup2,sup3,
    acute,micro,para,middot,cedil,sup1,ordm,raquo,frac14,frac12,frac34,iquest,Agrave,Aacute,Acirc,Atilde,Auml,
    Aring,AElig,Ccedil,Egrave,Eacute,Ecirc,Euml,Igrave,Iacute,Icirc,Iuml,ETH,Ntilde,Ograve,Oacute,Ocirc,Otilde,
    Ouml,times,Oslash,Ugrave,Uacute,Ucirc,Uuml,Yacute,THORN,szlig,agrave,aacute,acirc,atilde,auml,aring,aelig,
    ccedil,egrave,eacute,ecirc,euml,igrave,iacute,icirc,iuml,eth,ntilde,ograve,oacute,ocirc,otilde,ouml,divide,
    oslash,ugrave,uacute,ucirc,uuml,yacute,thorn,yuml}'::text[];
  greek constant text[] := '{
    Alpha,Beta,Gamma,Delta,Epsilon,Zeta,Eta,Theta,Iota,Kappa,Lambda,Mu,Nu,Xi,Omicron,Pi,Rho,-,Sigma,Tau,Upsilon,
    Phi,Chi,Psi,Omega,-,-,-,-,-,-,-,alpha,beta,gamma,delta,epsilon,zeta,eta,theta,iota,kappa,lambda,mu,nu,xi,
    omicron,pi,rho,sigmaf,sigma,tau,upsilon,phi,chi,psi,omega}'::text[];
  others constant jsonb :=
    '{"amp": 38, "lt": 60, "gt": 62, "quot": 34, "apos": 39, "OElig": 338, "oelig": 339, "Scaron": 352, "scaron": 353,
      "Yuml": 376, "rsquo": 8217, "lsquo": 8216, "zwnj": 8204, "zwj": 8205}'::jsonb;
  code integer := case
    when name ~ '^#[xX]' then ('x' || lpad(substr(name, 3), 8, '0'))::bit(32)::integer
    when name ~ '^#' then substr(name, 2)::integer
    else coalesce((others ->> name)::integer, 159 + array_position(latin, name), 912 + array_position(greek, name))
  end;
begin
  if code between 1 and 127 or code between 160 and 255 and getdatabaseencoding() in ('LATIN1', 'UTF8')
    or code between 256 and 1114111 and code not between 55296 and 57343 and getdatabaseencoding() = 'UTF8'
  then
    return chr(code);
  end if;
  return ' ';
end $$;
comment on function oneshot.search_reference is
  'The character that a reference of HTML or XML stands for, by its name or number.';

-- What a person sees of HTML or XML: comments, scripts, styles and tags are left out, and references are what they stand for.
-- A tag has a name that HTML knows, or one with a dash or a colon in it, or one that the text closes; and attributes as they
-- are written. Whatever else is in angle brackets is a text: count<limit && total>max. A tag within a line joins what is
-- before and behind it, any other separates.
create function oneshot.search_unmarked(markup text) returns text language plpgsql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  shown text := markup;
  -- What may stand behind a tag's name.
  rest constant text := '(?:\s+[^\s=<>"''/&|]+(?:\s*=\s*(?:"[^"]*"|''[^'']*''|[^\s"''<>]+))?)*\s*/?>';
  closed text;
begin
  if strpos(shown, '<') > 0 then
    -- The whole of each is as short as it can be, whatever is greedy in it; what has no end goes on to the text's.
    if strpos(shown, '<!') > 0 or strpos(shown, '<?') > 0 then
      shown := regexp_replace(shown, '(?:<!--.*?(?:-->|$)){1,1}?', '', 'g');
      shown := regexp_replace(shown, '<!\[CDATA\[|\]\]>|<[!?][[:alpha:]][^<>]*>', ' ', 'g');
    end if;
    if shown ~* '<s(?:cript|tyle)' then
      shown := regexp_replace(
        shown, '(?:<(?:script|style)(?:\s[^>]*)?>.*?(?:</(?:script|style)\s*>|$)){1,1}?', ' ', 'gi');
    end if;
    shown := regexp_replace(
      shown,
      '</?(?:a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub'
        '|sup|time|tt|u|var|wbr)' || rest,
      '', 'gi');
    shown := regexp_replace(
      shown,
      '</?(?:address|area|article|aside|audio|base|blockquote|body|br|button|canvas|caption|center|col|colgroup|datalist|dd'
        '|details|dialog|dir|div|dl|dt|embed|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hgroup'
        '|hr|html|iframe|img|input|label|legend|li|link|main|map|math|menu|meta|meter|nav|noframes|noscript|object|ol'
        '|optgroup|option|output|p|param|picture|pre|progress|rp|rt|ruby|search|section|select|slot|source|summary|svg'
        '|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul|video|[[:alpha:]][[:alnum:]_.]*[-:][[:alnum:]_.:-]*)'
        || rest,
      E'\n', 'gi');
    if shown ~ '</|/>' then
      select '</?(?:' || string_agg(distinct replace(name[1], '.', '\.'), '|') || ')' || rest into closed
      from regexp_matches(shown, '<(?=/|[^<>]*/>)/?([[:alpha:]][[:alnum:]_.]*)' || rest, 'g') as name;
      if closed is not null then shown := regexp_replace(shown, closed, E'\n', 'g'); end if;
    end if;
  end if;
  if strpos(shown, '&') > 0 then
    shown := (
      select string_agg(case when piece[1] is null then piece[2] else oneshot.search_reference(piece[1]) end, '')
      from regexp_matches(
        shown, '&(#[0-9]{1,7}|#[xX][[:xdigit:]]{1,6}|[[:alpha:]][[:alnum:]]{1,31});|([^&]+|&)', 'g') as piece);
  end if;
  return shown;
end $$;
comment on function oneshot.search_unmarked is 'What a person sees of a text with HTML or XML in it.';

-- The text of a column, whatever its type. Of lists each element stands in a line, nulls are left out; of JSON only strings
-- are texts, and names of members are none.
create function oneshot.search_plain(value oneshot.search_markup) returns text language sql stable parallel safe
begin atomic select oneshot.search_unmarked(value.markup); end;

create function oneshot.search_plain(value jsonb) returns text language sql immutable parallel safe
begin atomic
  select string_agg(item #>> '{}', E'\n') from jsonb_path_query(value, 'strict $.** ? (@.type() == "string")') as item;
end;

create function oneshot.search_plain(value json) returns text language sql immutable parallel safe
begin atomic select oneshot.search_plain(value::jsonb); end;

create function oneshot.search_plain(value jsonb[]) returns text language sql immutable parallel safe
begin atomic select oneshot.search_plain(to_jsonb(value)); end;

create function oneshot.search_plain(value json[]) returns text language sql stable parallel safe
begin atomic select oneshot.search_plain(to_jsonb(value)); end;

create function oneshot.search_plain(value anyarray) returns text language sql stable parallel safe
as $$ select pg_catalog.array_to_string(value, E'\n') $$;

create function oneshot.search_plain(value anynonarray) returns text language sql stable parallel safe
as $$ select value::pg_catalog.text $$;

-- An entity says of a column that it is HTML or XML: oneshot.search_markup(content) as c.
create function oneshot.search_markup(value anyelement) returns oneshot.search_markup language sql stable parallel safe
as $$ select row(oneshot.search_plain(value))::oneshot.search_markup $$;
comment on function oneshot.search_markup is
  'Says of a column that it is HTML or XML, of which reindex indexes what a person sees: oneshot.search_markup(content) as c.';
