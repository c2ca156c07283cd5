using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Commands;

/// <summary>
/// Accepts certificates as objects, also deserialized ones from remoting (without their keys), as paths and as
/// thumbprints. Nothing is read here: a file's parameters, its password above all, are known only when all parameters
/// are bound.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CertificateArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>Whether several are accepted.</summary>
    public bool IsList { get; init; }

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var sources = new List<DfssCertificateSource>();
        Add(inputData, sources);
        return IsList ? sources.ToArray() : sources.Count switch
        {
            0 => null,
            1 => sources[0],
            _ => throw new ArgumentTransformationMetadataException(
                "This parameter takes one certificate, and several are given."),
        };
    }

    private static void Add(object? item, List<DfssCertificateSource> sources)
    {
        TextArgumentAttribute.RefuseScriptBlock(item);
        switch (item is PSObject wrapped ? wrapped.BaseObject : item)
        {
            case null:
                break;
            case DfssCertificateSource source:
                sources.Add(source);
                break;
            case X509Certificate2 certificate:
                sources.Add(new DfssCertificateSource(certificate));
                break;
            case FileInfo file:
                sources.Add(new DfssCertificateSource(file.FullName));
                break;
            case IEnumerable many and not (string or IDictionary):
                foreach (object? one in many)
                {
                    Add(one, sources);
                }

                break;
            case object other when PSObject.AsPSObject(item).Properties["RawData"]?.Value is { } data:
                sources.Add(FromRemoting(data, other));
                break;
            case object:
                // Of the wrapped object: a thumbprint of digits alone is a number, and the engine keeps its text there.
                sources.Add(new DfssCertificateSource(LanguagePrimitives.ConvertTo<string>(item)));
                break;
        }
    }

    private static DfssCertificateSource FromRemoting(object data, object other)
    {
        try
        {
            return new DfssCertificateSource(
                X509CertificateLoader.LoadCertificate(LanguagePrimitives.ConvertTo<byte[]>(data)));
        }
        catch (Exception exception) when (exception is CryptographicException or PSInvalidCastException)
        {
            throw new ArgumentTransformationMetadataException(
                $"'{other}' has a property RawData, and that is not a certificate: {exception.Message}", exception);
        }
    }
}
