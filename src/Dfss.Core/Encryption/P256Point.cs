using System.Security.Cryptography;

namespace Dfss.Encryption;

/// <summary>Points on P-256 as bytes: 04, then x and y of 32 bytes each.</summary>
internal static class P256Point
{
    /// <summary>The size of a point in bytes.</summary>
    public const int SizeBytes = 1 + (2 * CoordinateBytes);

    private const int CoordinateBytes = 32;
    private const byte Uncompressed = 4;

    /// <summary>NIST P-256, secp256r1.</summary>
    private const string Oid = "1.2.840.10045.3.1.7";

    /// <summary>Whether a key is on this curve. Some systems report only the name of the curve.</summary>
    public static bool IsOnCurve(ECDiffieHellman key)
    {
        Oid curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid;
        return curve?.Value == Oid || curve?.FriendlyName is "nistP256" or "ECDSA_P256" or "ECDH_P256";
    }

    /// <summary>The public point of a key.</summary>
    public static byte[] Encode(ECDiffieHellman key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        return [Uncompressed, .. point.X!, .. point.Y!];
    }

    /// <summary>
    /// The secret that a private key shares with the owner of a point; null if the bytes are not a point on the curve.
    /// </summary>
    public static byte[]? TryAgree(ECDiffieHellman own, ReadOnlySpan<byte> point)
    {
        if (point.Length != SizeBytes || point[0] != Uncompressed)
        {
            return null;
        }

        try
        {
            using ECDiffieHellman other = ECDiffieHellman.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint
                {
                    X = point.Slice(1, CoordinateBytes).ToArray(),
                    Y = point[(1 + CoordinateBytes)..].ToArray()
                },
            });
            return own.DeriveRawSecretAgreement(other.PublicKey);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
