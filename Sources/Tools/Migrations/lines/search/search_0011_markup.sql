-- reindex: markup is read in half of the time: a regular expression of all names of tags cost more than the words themselves.

-- As search_0010_texts.sql makes it: but the text is parted where a < is, and what stands behind each is looked at by itself.
create or replace function oneshot.search_unmarked(markup text) returns text language plpgsql stable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  shown text := markup;
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
    shown := (
      with pieces as materialized (
        select number, piece, length(matched) as width,
          lower(substring(matched from '[[:alpha:]][[:alnum:]_.:-]*')) as name,
          left(piece, 1) = '/' or matched like '%/>' as is_closing
        from string_to_table(shown, '<') with ordinality as parts (piece, number)
        cross join lateral (
          select case when number > 1 and strpos(piece, '>') > 0 then substring(
            piece from
              '^/?[[:alpha:]][[:alnum:]_.:-]*(?:\s+[^\s=<>"''/&|]+(?:\s*=\s*(?:"[^"]*"|''[^'']*''|[^\s"''<>]+))?)*\s*/?>')
            end as matched offset 0) as tags
      )
      select string_agg(
        case
          when number = 1 then piece
          when name is null then '<' || piece
          when name in (
            'a', 'abbr', 'acronym', 'b', 'bdi', 'bdo', 'big', 'cite', 'code', 'data', 'del', 'dfn', 'em', 'font', 'i', 'ins',
            'kbd', 'mark', 'q', 's', 'samp', 'small', 'span', 'strike', 'strong', 'sub', 'sup', 'time', 'tt', 'u', 'var', 'wbr')
            then substr(piece, width + 1)
          when name in (
            'address', 'area', 'article', 'aside', 'audio', 'base', 'blockquote', 'body', 'br', 'button', 'canvas', 'caption',
            'center', 'col', 'colgroup', 'datalist', 'dd', 'details', 'dialog', 'dir', 'div', 'dl', 'dt', 'embed', 'fieldset',
            'figcaption', 'figure', 'footer', 'form', 'frame', 'frameset', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'head', 'header',
            'hgroup', 'hr', 'html', 'iframe', 'img', 'input', 'label', 'legend', 'li', 'link', 'main', 'map', 'math',
            'menu', 'meta', 'meter', 'nav', 'noframes', 'noscript', 'object', 'ol', 'optgroup', 'option', 'output', 'p', 'param', 'picture', 'pre',
            'progress', 'rp', 'rt', 'ruby', 'search', 'section', 'select', 'slot', 'source', 'summary', 'svg', 'table', 'tbody',
            'td', 'template', 'textarea', 'tfoot', 'th', 'thead', 'title', 'tr', 'track', 'ul', 'video')
            or is_closing or name ~ '[-:]' or name in (select name from pieces where is_closing)
            then E'\n' || substr(piece, width + 1)
          else '<' || piece
        end, '' order by number)
      from pieces);
  end if;
  if strpos(shown, '&') > 0 then
    -- Last of all what stands for an ampersand, for &amp;lt; is &lt; and no <.
    shown := replace(replace(replace(replace(shown, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&nbsp;', ' ');
    if shown ~ '&(?!amp;)(?:#|[[:alpha:]])[[:alnum:]]*;' then
      shown := (
        select string_agg(
          case when piece[1] is null then piece[2] else replace(oneshot.search_reference(piece[1]), '&', '&amp;') end,
          '')
        from regexp_matches(
          shown, '&(#[0-9]{1,7}|#[xX][[:xdigit:]]{1,6}|[[:alpha:]][[:alnum:]]{1,31});|([^&]+|&)', 'g') as piece);
    end if;
    shown := replace(shown, '&amp;', '&');
  end if;
  return shown;
end $$;
