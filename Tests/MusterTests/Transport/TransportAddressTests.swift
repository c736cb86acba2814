import Testing

@testable import Muster

@Test(
  arguments: [
    .tcp(host: "127.0.0.1", port: 0), .tcp(host: "10.0.0.3", port: 65_535), .tcp(host: "::1", port: 9300),
    .tcp(host: "2001:db8::1", port: 1), .unix(path: "/tmp/a b:c.sock"), .unix(path: "/tmp/tcp:1"),
    .inProcess("worker 3"),
    .inProcess(""), .custom("a: b"),
  ] as [TransportAddress])
func `an address is read as it was printed`(address: TransportAddress) throws {
  #expect(TransportAddress(address.description) == address)
  #expect(try roundTrip(address) == address)
}

@Test func `addresses print as users write them`() {
  #expect(TransportAddress.tcp(host: "10.0.0.3", port: 9300).description == "tcp:10.0.0.3:9300")
  #expect(TransportAddress.tcp(host: "::1", port: 80).description == "tcp:[::1]:80")
  #expect(TransportAddress.unix(path: "/tmp/x").description == "unix:/tmp/x")
}

@Test(arguments: [
  "", "tcp", "tcp:", "tcp::", "tcp::80", "tcp:80", "tcp:host", "tcp:host:", "tcp:host:x", "tcp:host:-1",
  "tcp:host:65536",
  "tcp:[]:80", "tcp:[::1]", "tcp:[::1]:", "TCP:host:80", "udp:host:80", "/tmp/x", " unix:/tmp/x",
])
func `what is no address is not read as one`(text: String) {
  #expect(TransportAddress(text) == nil)
}

@Test func `a path and loopback are reachable on the same node only`() {
  let here = NodeIdentity(bootID: "a", networkNamespace: "net")
  let container = NodeIdentity(bootID: "a", networkNamespace: "other")
  let there = NodeIdentity(bootID: "b", networkNamespace: "net")
  for address in [
    .unix(path: "/x"), .tcp(host: "127.0.0.1", port: 1), .tcp(host: "127.9.9.9", port: 1), .tcp(host: "::1", port: 1),
  ]
    as [TransportAddress]
  {
    #expect(address.isReachable(from: here, to: here))
    #expect(!address.isReachable(from: here, to: container))
    #expect(!address.isReachable(from: here, to: there))
  }
  #expect(TransportAddress.tcp(host: "10.0.0.1", port: 1).isReachable(from: here, to: there))
  #expect(TransportAddress.tcp(host: "2001:db8::1", port: 1).isReachable(from: here, to: there))
}
