import Testing

@testable import Muster

@Test(arguments: [
  ("n1", ["n1"]), ("n1,m1", ["n1", "m1"]), ("n[001-003,7],m1", ["n001", "n002", "n003", "n7", "m1"]),
  ("r[1-2]n[3-4]", ["r1n3", "r1n4", "r2n3", "r2n4"]),
  ("n[1-2][08-10]", ["n108", "n109", "n110", "n208", "n209", "n210"]),
  ("n[1-2]-ib", ["n1-ib", "n2-ib"]), ("n[7,5-6]", ["n7", "n5", "n6"]), ("n[9-11]", ["n9", "n10", "n11"]),
  ("n1,n1,n[1-1]", ["n1", "n1", "n1"]), ("n1-3", ["n1-3"]), ("a[1],b[2].org", ["a1", "b2.org"]),
  ("10.0.0.[1-2]", ["10.0.0.1", "10.0.0.2"]), ("n[000-001]", ["n000", "n001"]),
])
func `a node list is its hosts in order`(text: String, hosts: [String]) throws {
  #expect(try NodeList(parsing: text).hosts == hosts)
}

@Test(arguments: [
  ("", 1, "a host"), ("n1,", 4, "a host"), (",n1", 1, "a host"), ("n1,,n2", 4, "a host"), ("n[1", 4, "]"),
  ("n[1-2", 6, "]"), ("n[]", 3, "a number"), ("n[1,]", 5, "a number"), ("n[2-1]", 5, "not below 2"),
  ("n[a-b]", 3, "a number"), ("n[1-2-3]", 5, "a number"), ("n[0-4:2]", 5, "a number"), ("n[-1]", 3, "a number"),
  ("n[1-70000]", 3, "at most 65536"), ("n[1-300]m[1-300]", 11, "at most 65536"), ("n]1", 1, "a host"),
  ("[1-3]", 1, "a host"), ("-n[1-3]", 1, "a host"), ("10.0.0.[250-300]", 1, "a host"), ("n1 n2", 1, "a host"),
  ("n[[1-2]]", 3, "a number"),
  ("n[1-9999999999999999999]", 5, "a number"), ("n[1-60000],m[1-60000]", 12, "at most 65536 hosts"),
])
func `what is no node list is an error with the column and what was expected`(
  text: String, column: Int, expected: String
) throws {
  let error = try #require(throws: ClusterError.self) { try NodeList(parsing: text) }
  #expect(error.code == .invalidArgument && error.message.contains("“\(text)”"))
  #expect(error.message.contains("column \(column): expected ") && error.message.contains(expected), "\(error)")
}

@Test(arguments: [
  ("", []), ("n1", ["n1"]), ("n[1-3,5]", ["n1", "n2", "n3", "n5"]), ("n[5,4,3]", ["n5", "n4", "n3"]),
  ("n[1,1-2]", ["n1", "n1", "n2"]), ("n[08-10]", ["n08", "n09", "n10"]), ("n[9-11]", ["n9", "n10", "n11"]),
  ("n[099-100]", ["n099", "n100"]), ("n[1,01]", ["n1", "n01"]), ("r1n[1-2],r2n1", ["r1n1", "r1n2", "r2n1"]),
  ("n1-ib,n2-ib", ["n1-ib", "n2-ib"]), ("login,n[1-2],login", ["login", "n1", "n2", "login"]),
])
func `hosts are written as the shortest list`(text: String, hosts: [String]) {
  #expect(NodeList(hosts).description == text)
}
