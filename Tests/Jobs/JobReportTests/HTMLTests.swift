import JobRuntime
import Testing

@testable import JobReport

/// What cannot get into a page whatever it is built from.
@Suite struct HTMLTests {
  @Test func `text stays text, and a value of an attribute stays one`() {
    let text = #"</style><script>alert("1")</script> & 'x'"#
    #expect(
      HTML(.p, .title(text)) { text }.markup
        == #"<p title="&lt;/style&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;">"#
        + "&lt;/style&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;</p>")
  }

  @Test func `what cannot be seen, or turns what follows, is seen`() {
    let marks = "\u{0}\u{1b}\u{7f}\u{85}\u{ad}\u{200b}\u{200f}\u{202e}\u{2028}\u{2066}\u{ffff}\u{feff}\u{e0041}"
    let shown = HTML(text: marks).markup
    #expect(shown.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) }, "\(shown)")
    #expect(shown.contains(#"\u{202e}"#) && shown.contains(#"\u{0}"#))
    #expect(HTML(text: "a\nb\tc").markup == "a\nb\\tc")
    #expect(HTML(text: "日本 🎨 שלום é").markup == "日本 🎨 שלום é")
  }

  @Test func `texts, elements, conditions and loops stand one after the other`() {
    let isThere = true
    let list = HTML(.ul, .class("x")) {
      for number in 1...2 { HTML(.li) { "\(number)" } }
      if isThere { "yes" } else { "no" }
      if !isThere { "never" }
    }
    #expect(list.markup == #"<ul class="x"><li>1</li><li>2</li>yes</ul>"#)
    #expect(HTML(.meta, .charset("utf-8")).markup == #"<meta charset="utf-8">"#)
    #expect(HTML(.p, .hidden).markup == "<p hidden></p>")
  }

  @Test func `an image in an address holds nothing that ends the address`() throws {
    let value = try #require(Attribute.href(image: HTML(.svg, .namespace) { "'\" #%" }).value)
    #expect(value.wholeMatch(of: /data:image\/svg\+xml,[A-Za-z0-9%=\/.:-]+/) != nil, "\(value)")
  }

  @Test func `style and script end where they end`() {
    for resource in [PackageResources.page_css, PackageResources.page_js] {
      let text = String(decoding: resource, as: UTF8.self)
      #expect(!text.contains("</") && !text.contains("<!--") && !text.isEmpty)
      #expect(!text.contains("url(") && !text.contains("@import") && !text.contains("http"))
    }
  }
}
