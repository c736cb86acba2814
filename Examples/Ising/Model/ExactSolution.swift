import Glibc

/// The exact solution of the Ising model on the infinite square lattice; temperatures in units of J/k.
public enum ExactSolution {
  /// The critical temperature 2 / ln(1 + √2) ≈ 2.269.
  ///
  /// Source: H. A. Kramers and G. H. Wannier, Phys. Rev. 60, 252 (1941).
  public static let criticalTemperature = 2 / log1p(2.0.squareRoot())

  /// The spontaneous magnetisation per spin: (1 − sinh⁻⁴ 2K)^⅛ below the critical temperature, 0 above; K = J/kT.
  ///
  /// Source: C. N. Yang, Phys. Rev. 85, 808 (1952).
  public static func magnetisation(at temperature: Double) -> Double {
    guard temperature < criticalTemperature else { return 0 }
    return pow(max(0, 1 - pow(sinh(2 / temperature), -4)), 0.125)
  }

  /// The energy per spin in units of J: −coth 2K · (1 + (2/π) k′ K₁(k)), where k′ = 2 tanh² 2K − 1, k² + k′² = 1 and K₁
  /// is the complete elliptic integral of the first kind.
  ///
  /// As K₁(k) = π / (2 agm(1, |k′|)), the last term is k′ / agm(1, |k′|): it goes to zero smoothly at the critical
  /// temperature, where K₁ itself diverges. Source: L. Onsager, Phys. Rev. 65, 117 (1944).
  public static func energy(at temperature: Double) -> Double {
    let tangent = tanh(2 / temperature)
    let modulus = 2 * tangent * tangent - 1
    let singularTerm = modulus == 0 ? 0 : modulus / arithmeticGeometricMean(1, abs(modulus))
    return -(1 + singularTerm) / tangent
  }

  /// |2K + ln tanh K| ≥ 0: the inverse correlation length above the critical temperature, the tension of a domain wall
  /// (in units of kT, per bond) below it.
  ///
  /// What a periodic lattice of side L differs by from the infinite one falls as exp(−L · this). Source: Onsager 1944.
  public static func inverseCorrelationLength(at temperature: Double) -> Double {
    abs(2 / temperature + log(tanh(1 / temperature)))
  }

  static func arithmeticGeometricMean(_ a: Double, _ b: Double) -> Double {
    var (arithmetic, geometric) = (a, b)
    while abs(arithmetic - geometric) > 1e-15 * arithmetic {
      (arithmetic, geometric) = ((arithmetic + geometric) / 2, (arithmetic * geometric).squareRoot())
    }
    return arithmetic
  }
}
