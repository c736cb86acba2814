import SwiftParser
import SwiftSyntax

extension TokenSyntax {
  /// Without backticks.
  var bareName: String { identifier?.name ?? text }

  /// With backticks if it is a keyword, which is a name only before a colon.
  var variableName: String { bareName.isValidSwiftIdentifier(for: .variableName) ? bareName : "`\(bareName)`" }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension AttributeListSyntax {
  /// Whether an attribute says that the function runs on an actor, so that others have to wait for it.
  var namesAnActor: Bool {
    contains { $0.as(AttributeSyntax.self)?.attributeName.trimmedDescription.hasSuffix("Actor") == true }
  }
}

extension TypeSyntax {
  var isVoid: Bool {
    switch trimmedDescription {
    case "Void", "Swift.Void", "()": true
    default: false
    }
  }

  /// What is generated stands in a type of its own, where `Self` means that.
  func replacingSelf(by type: EnclosingType?) -> TypeSyntax {
    guard let type else { return self }
    return SelfReplacement(name: type.name).rewrite(self).cast(TypeSyntax.self)
  }
}

private final class SelfReplacement: SyntaxRewriter {
  let name: String

  init(name: String) { self.name = name }

  override func visit(_ token: TokenSyntax) -> TokenSyntax {
    token.tokenKind == .keyword(.Self) ? token.with(\.tokenKind, .identifier(name)) : token
  }
}
