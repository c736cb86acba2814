import Testing

@testable import Muster

@Test(
  arguments: [
    ("n1", nil, "n1", nil), ("127.0.0.1", nil, "127.0.0.1", nil), ("n1:80", nil, "n1", 80), ("n1:1", nil, "n1", 1),
    ("n1:65535", nil, "n1", 65_535), ("me@n1.cluster.org", "me", "n1.cluster.org", nil), ("me@n1:22", "me", "n1", 22),
    ("[2001:db8::1]", nil, "2001:db8::1", nil), ("[2001:db8::1]:443", nil, "2001:db8::1", 443),
    ("me@[fe80::1%eth0]:90", "me", "fe80::1%eth0", 90), ("DOMAIN\\me@n1", "DOMAIN\\me", "n1", nil),
    ("me@realm.org@n1", "me@realm.org", "n1", nil), ("  n1\t", nil, "n1", nil),
  ] as [(String, String?, String, UInt16?)])
func `a machine is user, host and port`(text: String, user: String?, host: String, port: UInt16?) throws {
  let machine = try MachineSpec(parsing: text)
  #expect(machine.user == user && machine.host == host && machine.port == port)
  #expect(machine.bindAddress == nil && machine.bindPort == nil && machine.count == 1)
  #expect(try MachineSpec(parsing: machine.description) == machine)
}

@Test func `a machine may say at which address others reach its workers`() throws {
  let plain = try MachineSpec(parsing: "me@n1:22 10.0.0.1")
  #expect(plain.bindAddress == "10.0.0.1" && plain.bindPort == nil)
  let full = try MachineSpec(parsing: "n1 [::1]:9300", count: .auto)
  #expect(full.bindAddress == "::1" && full.bindPort == 9300 && full.count == .auto)
  #expect("\(full)" == "auto*n1 [::1]:9300" && "\(plain)" == "me@n1:22 10.0.0.1")
}

@Test(arguments: [
  ("n1:-1", 4, "a port from 1 to 65535"), ("n1:0", 4, "a port"), ("n1:65536", 4, "a port"), ("n1:x", 4, "a port"),
  ("n1:", 4, "a port"), ("n1:80:888", 4, "a port"), ("n1:１", 4, "a port"),
  ("[::1]:80:888", 7, "a port"), ("[2001:db8::1", 1, "a host"), ("[2001:db8:1]", 2, "an IPv6 address"),
  ("[::1]x", 6, "a colon"), ("[n1]", 2, "an IPv6 address"), ("[]", 2, "an IPv6 address"), ("::1", 1, "a host"),
  ("", 1, "a host"), ("  ", 3, "a host"), ("-oProxyCommand=reboot", 1, "a host"), ("@n1", 1, "a user"),
  ("-l@n1", 1, "a user"), ("me@", 4, "a host"), ("n1,n2", 1, "a host"), ("n1;reboot", 1, "a host"), ("nö", 1, "a host"),
  ("4", 1, "a host"), ("1.2.3", 1, "a host"), ("256.1.1.1", 1, "a host"), ("n1 me@10.0.0.1", 4, "without a user"),
  ("n1 10.0.0.1 10.0.0.2", 13, "the end"), ("4*n1", 1, "a host"), ("n1 10.0.0.1:0", 13, "a port"),
])
func `what is no machine is an error with the column and what was expected`(
  text: String, column: Int, expected: String
) throws {
  let error = try #require(throws: ClusterError.self) { try MachineSpec(parsing: text) }
  #expect(error.code == .invalidArgument && error.message.contains("“\(text)”"))
  #expect(error.message.contains("column \(column): expected ") && error.message.contains(expected), "\(error)")
}

@Test func `a literal that is no machine is an error where it is used`() throws {
  let list: [MachineSpec] = ["n1", "n2:0", .init("n3", count: 4), .init("n4", count: 0)]
  try list[0].validate()
  try list[2].validate()
  #expect(list[2].count == 4)
  let port = #expect(throws: ClusterError.self) { try list[1].validate() }
  #expect(port?.message == "“n2:0” is no machine: column 4: expected a port from 1 to 65535, found \"0\"")
  #expect(throws: ClusterError.self) { try list[3].validate() }
}

@Test func `workers of a machine with a port of its own need as many ports as they are`() throws {
  try MachineSpec(parsing: "n1 10.0.0.1:65532", count: 4).validate()
  let error = #expect(throws: ClusterError.self) { try MachineSpec(parsing: "n1 10.0.0.1:65532", count: 5).validate() }
  #expect(error?.code == .invalidArgument)
  #expect(error?.message.contains("5 workers would listen at the ports from 65532 to 65536") == true)
}
