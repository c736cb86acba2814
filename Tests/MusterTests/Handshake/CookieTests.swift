import Testing

@testable import Muster

@Test func `a cookie of the system has 256 bits and is another each time`() {
  let cookies = (0..<100).map { _ in Cookie() }
  #expect(cookies.allSatisfy { $0.bytes.count == 32 })
  #expect(Set(cookies.map(\.hex)).count == 100)
}

@Test func `a cookie is read as it was written, in either case`() throws {
  let hex = "00ff0123456789abcdefABCDEF00112233"
  let cookie = try Cookie(hex: hex)
  #expect(cookie.hex == hex.lowercased())
  #expect(cookie.bytes.prefix(4) == [0x00, 0xff, 0x01, 0x23])
  let own = Cookie()
  #expect(try Cookie(hex: own.hex).bytes == own.bytes)
  #expect(try Cookie(hex: String(repeating: "a", count: 32)).bytes.count == 16)
}

@Test(arguments: [
  "", "ab", String(repeating: "a", count: 30), String(repeating: "a", count: 31), String(repeating: "a", count: 33),
  String(repeating: "g", count: 32), "0x" + String(repeating: "a", count: 32), String(repeating: "a", count: 32) + " ",
  String(repeating: "ａ", count: 32), "-" + String(repeating: "a", count: 33),
])
func `what is no cookie of at least 128 bits is refused, without being repeated`(text: String) {
  do {
    _ = try Cookie(hex: text)
    Issue.record("it was taken")
  } catch {
    #expect(error.code == .invalidArgument)
    #expect(text.utf8.count < 30 || !error.message.contains(text.prefix(16)))
  }
}

@Test func `a cookie is never printed`() {
  let cookie = Cookie()
  var dumped = ""
  print(cookie, to: &dumped)
  #expect("\(cookie)" == "(cookie)" && dumped == "(cookie)\n")
  #expect(!String(describing: cookie).contains(cookie.hex))
  #expect("\(Optional(cookie) as Any)".contains("(cookie)") && "\([cookie])" == "[(cookie)]")
  #expect(!String(reflecting: cookie).contains("\(cookie.bytes[0]), \(cookie.bytes[1])"))
}

@Test func `a code is valid for its message and cookie only`() {
  let (cookie, other) = (Cookie(), Cookie())
  let code = cookie.authenticationCode(of: [1, 2, 3])
  #expect(code.count == 32)
  #expect(cookie.isValid(code, for: [1, 2, 3]))
  #expect(!cookie.isValid(code, for: [1, 2, 4]) && !cookie.isValid(code, for: []))
  #expect(!other.isValid(code, for: [1, 2, 3]))
  #expect(!cookie.isValid([], for: [1, 2, 3]) && !cookie.isValid(Array(code.dropLast()), for: [1, 2, 3]))
  for bit in 0..<256 {
    var damaged = code
    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
    #expect(!cookie.isValid(damaged, for: [1, 2, 3]))
  }
}

@Test func `the code is HMAC-SHA256`() throws {
  // RFC 4231, test case 1.
  let cookie = try Cookie(hex: String(repeating: "0b", count: 20))
  let code = cookie.authenticationCode(of: Array("Hi There".utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    .joined()
  #expect(code == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
}
