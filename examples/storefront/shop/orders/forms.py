from django import forms


class CheckoutForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    # Made when the page is shown: sending the same page twice names the same order.
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
