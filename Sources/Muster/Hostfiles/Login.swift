import Glibc

/// `[user@]host[:number]`, as several grammars have it; an IPv6 address is in brackets. What the number means is the
/// grammar's business.
struct Login {
  var user: String?
  let host: String
  let number: Word?

  init(_ word: Word) throws(HostfileError) {
    var rest = word
    if let (user, host) = word.cutAtLast("@") {
      self.user = try user.userName()
      rest = host
    }
    if rest.text.utf8.first == UInt8(ascii: "["), let (address, behind) = rest.cut(at: "]") {
      host = try Word.ipv6Address(in: address)
      number = try Self.number(behind)
    } else {
      let (name, behind) = rest.prefix { $0 != UInt8(ascii: ":") }
      host = try name.hostName()
      number = try Self.number(behind)
    }
  }

  /// What is behind the host: nothing, or a colon and something.
  private static func number(_ word: Word) throws(HostfileError) -> Word? {
    if word.isEmpty { return nil }
    guard let (before, number) = word.cut(at: ":"), before.isEmpty else {
      throw word.expected("a colon or white space")
    }
    return number
  }
}

extension Word {
  /// A name or an IPv4 address.
  func hostName() throws(HostfileError) -> String {
    guard Self.isHostName(text) else { throw expected("a host") }
    return String(text)
  }

  /// Whether this is a name or an IPv4 address.
  ///
  /// No more than the characters that names have is let through: what begins with a hyphen would be an option to ssh.
  static func isHostName(_ text: some StringProtocol) -> Bool {
    let bytes = text.utf8
    guard let first = bytes.first, first.isHostLetter, bytes.count <= 255,
      bytes.allSatisfy({ $0.isHostLetter || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
    else { return false }
    // A name of digits is never meant, and would be taken for an address: `ping 4` is 0.0.0.4.
    let isNumeric = bytes.allSatisfy { $0.isASCIIDigit || $0 == UInt8(ascii: ".") }
    return !isNumeric || isAddress(text, AF_INET)
  }

  /// The name of an account: nothing that a shell or ssh would take for something else.
  func userName() throws(HostfileError) -> String {
    let others = "._-+\\@$".utf8
    guard let first = text.utf8.first, first.isHostLetter,
      text.utf8.allSatisfy({ $0.isHostLetter || others.contains($0) })
    else { throw expected("a user") }
    return String(text)
  }

  /// What is behind an opening bracket, with a zone such as `%eth0` or without.
  fileprivate static func ipv6Address(in bracket: Word) throws(HostfileError) -> String {
    let address = bracket.dropFirst()
    let parts = address.split(at: "%")
    guard parts.count <= 2, isAddress(parts[0].text, AF_INET6),
      parts.count == 1 || (!parts[1].isEmpty && parts[1].text.utf8.allSatisfy(\.isHostLetter))
    else { throw address.expected("an IPv6 address") }
    return String(address.text)
  }

  private static func isAddress(_ text: some StringProtocol, _ family: Int32) -> Bool {
    var storage = in6_addr()
    return inet_pton(family, String(text), &storage) == 1
  }
}

extension UInt8 {
  fileprivate var isHostLetter: Bool { isASCIILetter || isASCIIDigit || self == UInt8(ascii: "_") }
}
