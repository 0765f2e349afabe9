import Foundation
import JSONReading
import Templates
import TestSupport
import Testing

/// The part of Mustache that templates have, by cases of the Mustache specification, and where they differ on purpose.
@Suite(.timeLimit(.minutes(10))) struct TemplateTests {
  private func render(
    _ text: String, _ data: String, kind: Template.Kind = .text, partials: [String: String] = [:]
  ) throws -> String {
    let template = try Template(text, kind: kind, file: "t") { name in partials[name].map { (name, $0) } }
    return try template.rendered(try #require(JSONValue(json: data)), as: kind)
  }

  static let cases: [(text: String, data: String, partials: [String: String], result: String)] = [
    ("Hello, {{subject}}!", #"{"subject": "world"}"#, [:], "Hello, world!"),
    ("{{ n }} {{&n}} {{{n}}}", #"{"n": 85}"#, [:], "85 85 85"),
    ("{{a.b.c}} == {{#a}}{{b.c}}{{/a}}", #"{"a": {"b": {"c": "x"}}}"#, [:], "x == x"),
    ("{{#boolean}}yes{{/boolean}}{{^boolean}}no{{/boolean}}", #"{"boolean": false}"#, [:], "no"),
    ("{{#list}}({{.}}){{/list}}", #"{"list": [1, 2.5, "c"]}"#, [:], "(1)(2.5)(c)"),
    ("{{#list}}{{n}}{{#sub}}{{n}}{{/sub}}{{/list}}", #"{"list": [{"n": 1, "sub": {"n": 2}}, {"n": 3}]}"#, [:], "123"),
    ("{{^list}}empty{{/list}}", #"{"list": []}"#, [:], "empty"),
    ("| This Is\n{{#b}}\n|\n{{/b}}\n| A Line", #"{"b": true}"#, [:], "| This Is\n|\n| A Line"),
    ("|\r\n{{#b}}\r\n{{/b}}\r\n|", #"{"b": true}"#, [:], "|\r\n|"),
    ("  {{#b}}\n/\n  {{/b}}", #"{"b": true}"#, [:], "/\n"),
    ("Begin.\n  {{! Indented }}\nEnd.", "{}", [:], "Begin.\nEnd."),
    ("12 {{! x }} 34\n", "{}", [:], "12  34\n"),
    ("\\\n {{>part}}\n/\n", #"{"content": "x"}"#, ["part": "|\n{{content}}\n|\n"], "\\\n |\n x\n |\n/\n"),
    ("\"{{>part}}\"", #"{"text": "content"}"#, ["part": "*{{text}}*"], "\"*content*\""),
    (" | {{#b}} {{! x }}\n {{/b}} | \n", #"{"b": true}"#, [:], " |  \n  | \n"),
  ]

  @Test(arguments: cases.indices)
  func `cases of the specification`(number: Int) throws {
    let example = Self.cases[number]
    #expect(try render(example.text, example.data, partials: example.partials) == example.result)
  }

  @Test func `in HTML values are escaped, and links begin with https`() throws {
    let data = #"{"x": "& \" < > '", "link": "https://a.example/?a=1&b=2", "bad": "javascript:alert(1)"}"#
    #expect(try render("{{x}} {{{x}}}", data, kind: .html) == "&amp; &quot; &lt; &gt; &#39; & \" < > '")
    let link = try render("<a href=\"{{link}}\">", data, kind: .html)
    #expect(link == "<a href=\"https://a.example/?a=1&amp;b=2\">")
    for text in ["<a href=\"{{bad}}\">", "<a HREF='{{{bad}}}'>", "<a href={{link}}>"] {
      #expect(throws: TemplateError.self) { try render(text, data, kind: .html) }
    }
  }

  @Test(arguments: [
    ("Hello {{name}},", "{}", "t:1: the data have no {{name}}"), ("\n{{a.b}}", #"{"a": {"b": null}}"#, "t:2:"),
    ("{{#a}}{{b.c}}{{/a}}", #"{"a": {"b": {}}, "b": {"c": "wrong"}}"#, "have no {{b.c}}"),
    ("{{list}}", #"{"list": [1]}"#, "is a list or an object"), ("{{=<% %>=}}", "{}", "delimiters"),
    ("\n{{#a}}", "{}", "t:2: the section {{#a}} is not ended"), ("{{/a}}", "{}", "ends a section that is not open"),
    ("{{#a}}{{/b}}", "{}", "ends a section that is not open"), ("{{#if x}}{{/if}}", "{}", "not a name"),
    ("{{name", "{}", "not ended"),
    ("{{> none}}", "{}", "no partial"), ("{{> self}}", "{}", "includes itself"), ("{{@index}}", "{}", "not part"),
  ])
  func `what is missing or is no part of the language is an error with file and line`(
    text: String, data: String, words: String
  ) throws {
    let error = #expect(throws: TemplateError.self) { try render(text, data, partials: ["self": "{{> self}}"]) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func `a message has a subject, a text for each locale, and partials`() throws {
    let templates = try MessageTemplates([
      "hi.txt": "Subject: Hi {{n}}\n\nHi {{n}}\n{{> foot}}", "hi.de.txt": "Subject: Hallo {{n}}\n\nHallo\n{{> foot}}",
      "hi.html": "<b>{{n}}</b>", "foot.txt": "bye\n", "foot.de.txt": "tschüs\n",
    ])
    let data = try #require(JSONValue(json: #"{"n": "<Ada>"}"#))
    let plain = try #require(try templates.rendered("hi", locale: "fr", data))
    #expect([plain.subject, plain.text, plain.html] == [" Hi <Ada>", "Hi <Ada>\nbye\n", "<b>&lt;Ada&gt;</b>"])
    #expect(try templates.rendered("hi", locale: "de-AT", data)?.text == "Hallo\ntschüs\n")
    #expect(try templates.rendered("none", locale: nil, data) == nil)
    #expect(throws: TemplateError.self) { try MessageTemplates(["a.txt": "Subject: a\nCc: b\n\nc"]) }
  }

  @Test(arguments: [
    (#"{"a": [1, -2.5e3, true, null, "\u00fc\ud83d\ude00\n\/"], "b": {}}"#, true), ("[1,]", false), ("{", false),
    ("\"\u{1}\"", false), ("01x", false), ("\"\\ud83d\"", false), (String(repeating: "[", count: 200), false),
  ])
  func `JSON is read as it is written`(text: String, isJSON: Bool) {
    #expect((JSONValue(json: text) != nil) == isJSON)
  }
}
