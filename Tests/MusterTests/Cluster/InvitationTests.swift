import Testing

@testable import Muster

private func invitation(parent: Int32? = 42, restrict: Bool = true) -> Invitation {
  Invitation(
    cookie: Cookie(), addresses: [.unix(path: "/tmp/a=b c.sock"), .tcp(host: "::1", port: 5)], ticket: .max,
    timeout: .milliseconds(1_500), transport: .automatic, restrict: restrict, parent: parent,
    binding: try! Binding(cpus: "0-3,8", memory: "interleave:0-1"))
}

@Test(arguments: [nil, 1] as [Int32?], [true, false])
func `an invitation is read as it was written`(parent: Int32?, restrict: Bool) throws {
  let written = invitation(parent: parent, restrict: restrict)
  let read = try Invitation(text: written.text)
  #expect(read.cookie.bytes == written.cookie.bytes && read.addresses == written.addresses)
  #expect(read.ticket == .max && read.timeout == .milliseconds(1_500) && read.transport == .automatic)
  #expect(read.restrict == restrict && read.parent == parent && read.binding == written.binding)
}

@Test func `an invitation ends with its only empty line`() {
  let text = invitation().text
  #expect(text.hasSuffix("\n\n") && text.dropLast(2).contains("\n\n") == false)
  #expect(text.utf8.count < Invitation.maximumSize)
}

@Test func `of very many addresses those are left out that would not be read`() throws {
  var written = Invitation(
    cookie: Cookie(), addresses: (0..<2_000).map { .tcp(host: "fd77::\(String($0, radix: 16))", port: 5) }, ticket: 1,
    timeout: .seconds(1), transport: .automatic, restrict: false, parent: nil)
  written.isAgent = true
  #expect(written.text.utf8.count <= Invitation.maximumSize && written.text.hasSuffix("\n\n"))
  let read = try Invitation(text: written.text)
  #expect(read.isAgent && read.addresses.count > 100)
  #expect(read.addresses == Array(written.addresses.prefix(read.addresses.count)))
}

@Test func `what lacks a line, or has one that says nothing, is no invitation and does not show the cookie`() {
  let lines = invitation().text.split(separator: "\n").map(String.init)
  let cookie = lines.first { $0.hasPrefix("cookie=") }!.dropFirst(7)
  var bad: [[String]] = [[], [""], ["hello"]]
  for key in ["cookie", "address", "ticket", "timeout", "transport", "restrict"] {
    bad.append(lines.filter { !$0.hasPrefix(key) })
    bad.append(lines.filter { !$0.hasPrefix(key) } + ["\(key) is missing"])
    if key != "restrict" { bad.append(lines.filter { !$0.hasPrefix(key) } + ["\(key)=nonsense"]) }
  }
  for key in ["cpus", "memory"] { bad.append(lines.filter { !$0.hasPrefix(key) } + ["\(key)=nonsense"]) }
  for text in bad.map({ $0.joined(separator: "\n") + "\n\n" }) {
    do {
      _ = try Invitation(text: text)
      Issue.record("it was taken:\n\(text.replacing(cookie, with: "…"))")
    } catch {
      #expect(error.code == .notAWorker || error.code == .invalidArgument)
      #expect(!error.message.contains(cookie))
    }
  }
}
