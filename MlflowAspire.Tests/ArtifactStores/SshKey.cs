using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>An RSA key in the forms that SSH uses.</summary>
internal sealed class SshKey
{
    public SshKey()
    {
        using var rsa = RSA.Create(2048);
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        PrivatePem = rsa.ExportRSAPrivateKeyPem();
        Public = "ssh-rsa " + Convert.ToBase64String(
            [.. Field(Encoding.ASCII.GetBytes("ssh-rsa")), .. Number(parameters.Exponent!), .. Number(parameters.Modulus!)]);
    }

    public string PrivatePem { get; }

    public string Public { get; }

    // Numbers are signed: one whose first bit is set needs a zero before it.
    private static byte[] Number(byte[] value) => Field(value[0] < 0x80 ? value : [0, .. value]);

    private static byte[] Field(byte[] value)
    {
        var field = new byte[4 + value.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, value.Length);
        value.CopyTo(field, 4);
        return field;
    }
}
