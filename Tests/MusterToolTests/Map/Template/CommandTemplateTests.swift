import Testing

@testable import MusterTool

/// As GNU parallel 20221122 answers, except where it says so.
@Suite struct CommandTemplateTests {
  private func command(_ words: String..., for arguments: [String], quoted: Bool = false, sequence: Int = 7) -> String {
    CommandTemplate(words.map(\.bytes), quoted: quoted)(arguments.map(\.bytes), sequence: sequence).inSlot(3).text
  }

  @Test func aCommandWithoutReplacementStringsGetsTheValueBehindIt() {
    #expect(command("gzip", "-k", for: ["a"]) == "gzip -k a")
    #expect(command("echo {#}", for: ["a"]) == "echo 7")
    #expect(command("echo {%}", for: ["a"]) == "echo 3")
  }

  @Test func withoutACommandTheValueIsTheCommand() {
    #expect(CommandTemplate([])(["echo 'a'; b".bytes], sequence: 1).inSlot(1).text == "echo 'a'; b")
  }

  @Test(arguments: [
    ("a/b.c", "b.c", "a", "a/b", "b"), ("b.c", "b.c", ".", "b", "b"), ("/x/y.", "y.", "/x", "/x/y", "y"),
    (".bashrc", ".bashrc", ".", "''", "''"), ("a.b/c", "c", "a.b", "a.b/c", "c"), ("/", "''", "/", "/", "''"),
    ("a.tar.gz", "a.tar.gz", ".", "a.tar", "a.tar"),
  ])
  func thePartsOfAPathAreThoseOfGNUParallel(
    path: String, name: String, directory: String, withoutExtension: String, both: String
  ) {
    #expect(
      command("{/} {//} {.} {/.}", for: [path]) == "\(name) \(directory) \(withoutExtension) \(both)")
  }

  @Test func positionsCountFromEitherEnd() {
    #expect(command("{} {2} {-1} {1.} {2/}", for: ["a.b", "c/d"]) == "a.b c/d c/d c/d a d")
    #expect(command("[{3}]", for: ["a"]) == "['']")
  }

  @Test func otherBracesStayAsTheyAre() {
    #expect(command("a{b,c} {} ${x} {0} {+1}", for: ["v"]) == "a{b,c} v ${x} {0} {+1}")
    #expect(command("awk '{print}'", for: ["v"]) == "awk '{print}' v")
    #expect(command("f() { echo {}; }; f", for: ["v"]) == "f() { echo v; }; f")
  }

  @Test func wordsOfTheCommandCanBeQuotedToo() {
    #expect(command("echo", "a  b", "{}$x", "", for: ["$y"], quoted: true) == "echo 'a  b' '$y''$x' ''")
  }

  @Test func namesNeedNotBeUTF8() {
    let value: Bytes = [0xff, 0x41]
    let text = CommandTemplate(["cat".bytes])([value], sequence: 1).inSlot(1)
    #expect(text == "cat '".bytes + value + "'".bytes)
  }
}
